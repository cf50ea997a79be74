/* PEM text; see pem.h. Only the frames of the blocks are looked at: what is in a certificate is for
 * the TLS library to judge. Kept is what is known to be public, rather than dropped what is known to
 * be secret: there are more names for keys than one thinks of. */
#include "wire/pem.h"

#include <string.h>

/* Behind the next `what` in s from `at` on; 0: there is none. */
static size_t behind(struct str s, size_t at, struct str what)
{
    const char *p = at < s.n ? memmem(s.p + at, s.n - at, what.p, what.n) : NULL;
    return p ? (size_t)(p - s.p) + what.n : 0;
}

/* The label behind the next `frame` ("-----BEGIN ", "-----END ") from *at on, which then stands
 * behind it. */
static bool next_frame(struct str s, size_t *at, struct str frame, struct str *ret_label)
{
    static const struct str dashes = {"-----", 5};
    size_t label = behind(s, *at, frame), end = label ? behind(s, label, dashes) : 0;
    if (!end)
        return false;
    *ret_label = str_sub(s, label, end - dashes.n - label);
    *at = end;
    return true;
}

/* The next block from *at on, with the rest of its last line. *ret_label is empty where its two
 * ends disagree: who knows whose text that is. */
static bool next_block(struct str s, size_t *at, struct str *ret, struct str *ret_label)
{
    static const struct str begin = {"-----BEGIN ", 11};
    struct str last;
    if (!next_frame(s, at, begin, ret_label))
        return false;
    size_t start = (size_t)(ret_label->p - s.p) - begin.n;
    if (!next_frame(s, at, STR("-----END "), &last))
        return false;
    if (!str_eq(last, *ret_label))
        *ret_label = STR_NONE;
    size_t end = str_find(s, '\n', *at) + 1;
    *at = end < s.n ? end : s.n;
    *ret = str_sub(s, start, *at - start);
    return true;
}

void pem_only_certificates(struct buf *text)
{
    struct str all = buf_str(text), block, label;
    size_t at = 0, kept = 0;
    char *p = text->mem + text->off;
    while (next_block(all, &at, &block, &label)) {
        if (!str_eq(label, STR("CERTIFICATE")) && !str_eq(label, STR("X509 CERTIFICATE")))
            continue;
        memmove(p + kept, block.p, block.n);
        kept += block.n;
    }
    if (all.n > kept)
        explicit_bzero(p + kept, all.n - kept);
    text->n = kept;
}
