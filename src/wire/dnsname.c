/* Domain names; see dnsname.h. */
#include "wire/dnsname.h"

enum { LABEL_MAX = 63, POINTER = 0xc0 };

/* A name under construction; `n` does not count the root's zero byte yet. */
struct draft {
    unsigned char wire[DNSNAME_MAX];
    size_t n;
};

static unsigned char lower(unsigned char c)
{
    return (unsigned char)ascii_lower((char)c);
}

/* A label of n bytes, in lower case. */
static int add_label(struct draft *d, const unsigned char *p, size_t n)
{
    if (n == 0)
        return -ERR_SYNTAX;
    if (n > LABEL_MAX || d->n + 1 + n + 1 > DNSNAME_MAX)
        return -ERR_NAME_TOO_LONG;
    d->wire[d->n++] = (unsigned char)n;
    for (size_t i = 0; i < n; i++)
        d->wire[d->n++] = lower(p[i]);
    return 0;
}

static void finish(struct dnsname *ret, const struct draft *d)
{
    *ret = (struct dnsname){.n = (uint8_t)(d->n + 1)};
    memcpy(ret->wire, d->wire, d->n); /* the zero byte is there */
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One byte of a label, plain or escaped, off the front of *text. */
static int take_byte(struct str *text, unsigned char *ret)
{
    const char *p = text->p;
    size_t used = 1;
    unsigned value = (unsigned char)p[0];
    if (p[0] == '\\') {
        if (text->n < 2)
            return -ERR_SYNTAX;
        used = is_digit(p[1]) ? 4 : 2;
        value = (unsigned char)p[1];
    }
    if (used == 4) {
        if (text->n < 4 || !is_digit(p[2]) || !is_digit(p[3]))
            return -ERR_SYNTAX;
        value = (unsigned)(p[1] - '0') * 100 + (unsigned)(p[2] - '0') * 10 + (unsigned)(p[3] - '0');
    }
    if (value > 255)
        return -ERR_SYNTAX;
    *text = str_from(*text, used);
    *ret = (unsigned char)value;
    return 0;
}

/* Up to the next plain dot, which goes too. */
static int take_label(struct draft *d, struct str *text)
{
    unsigned char label[LABEL_MAX];
    size_t n = 0;
    while (text->n && text->p[0] != '.') {
        unsigned char c;
        int err = take_byte(text, &c);
        if (err)
            return err;
        if (n == LABEL_MAX)
            return -ERR_NAME_TOO_LONG;
        label[n++] = c;
    }
    *text = str_from(*text, 1);
    return add_label(d, label, n);
}

int dnsname_parse(struct dnsname *ret, struct str text)
{
    struct draft d = {.n = 0};
    if (text.n == 0)
        return -ERR_SYNTAX;
    if (str_eq(text, STR(".")))
        text = STR_NONE;
    while (text.n) {
        int err = take_label(&d, &text);
        if (err)
            return err;
    }
    finish(ret, &d);
    return 0;
}

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || is_digit((char)c) || c == '-' || c == '_' || c == '*';
}

static size_t put_byte(char *out, unsigned char c)
{
    if (is_plain(c)) {
        out[0] = (char)c;
        return 1;
    }
    out[0] = '\\';
    if (c == '.' || c == '\\') {
        out[1] = (char)c;
        return 2;
    }
    out[1] = (char)('0' + c / 100);
    out[2] = (char)('0' + c / 10 % 10);
    out[3] = (char)('0' + c % 10);
    return 4;
}

struct str dnsname_text(const struct dnsname *name, char out[DNSNAME_TEXT_MAX])
{
    size_t n = 0;
    for (size_t at = 0; at < name->n && name->wire[at]; at += 1u + name->wire[at]) {
        if (at)
            out[n++] = '.';
        for (size_t i = 1; i <= name->wire[at]; i++)
            n += put_byte(out + n, name->wire[at + i]);
    }
    if (dnsname_is_root(name))
        out[n++] = '.';
    out[n] = '\0';
    return str_of(out, n);
}

bool dnsname_eq(const struct dnsname *a, const struct dnsname *b)
{
    return a->n == b->n && memcmp(a->wire, b->wire, a->n) == 0;
}

struct dnsname dnsname_parent(const struct dnsname *name)
{
    struct dnsname parent = {.n = 1};
    if (name->n > 1) {
        size_t skip = 1u + name->wire[0];
        parent.n = (uint8_t)(name->n - skip);
        memcpy(parent.wire, name->wire + skip, parent.n);
    }
    return parent;
}

int dnsname_prefix(struct dnsname *name, struct str label)
{
    struct draft d = {.n = 0};
    int err = name->n == 0 ? -ERR_SYNTAX : add_label(&d, (const unsigned char *)label.p, label.n);
    if (err)
        return err;
    if (d.n + name->n > DNSNAME_MAX)
        return -ERR_NAME_TOO_LONG;
    memcpy(d.wire + d.n, name->wire, name->n - 1u);
    d.n += name->n - 1u;
    finish(name, &d);
    return 0;
}

/* Where the pointer at `at` leads; SIZE_MAX: forward, or nowhere. RFC 1035 4.1.4: "a pointer to a
 * prior occurrence of the same name". */
static size_t pointed(struct str message, size_t at, size_t limit)
{
    const unsigned char *p = (const unsigned char *)message.p;
    if (message.n - at < 2)
        return SIZE_MAX;
    size_t to = (size_t)(p[at] & ~POINTER) << 8 | p[at + 1];
    return to < limit ? to : SIZE_MAX;
}

/* `start` falls with each pointer and the name grows with each label: so the walk ends. */
int dnsname_read(struct dnsname *ret, struct str message, size_t *at)
{
    const unsigned char *p = (const unsigned char *)message.p;
    struct draft d = {.n = 0};
    size_t pos = *at, start = *at, end = 0; /* end: behind the first pointer, once there was one */
    unsigned pointers = 0;
    for (;;) {
        if (pos >= message.n)
            return -ERR_SYNTAX;
        unsigned n = p[pos];
        if (n == 0)
            break;
        if ((n & POINTER) == POINTER) {
            size_t to = pointed(message, pos, start);
            /* A name has at most 127 labels; more pointers than that are there to cost time. */
            if (to == SIZE_MAX || ++pointers > 127)
                return -ERR_SYNTAX;
            end = end ? end : pos + 2;
            pos = start = to;
        } else {
            if (n > LABEL_MAX || n > message.n - pos - 1 || add_label(&d, p + pos + 1, n))
                return -ERR_SYNTAX;
            pos += 1 + n;
        }
    }
    finish(ret, &d);
    *at = end ? end : pos + 1;
    return 0;
}
