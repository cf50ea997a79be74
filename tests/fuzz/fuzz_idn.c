/* Names in UTF-8: what becomes ASCII is a host name, shows as a name that becomes the same again,
 * and everything can be shown. */
#include "wire/idn.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str ascii)
{
    char text[IDN_TEXT_MAX], again[IDN_MAX];
    struct str same;
    assert(ascii.n && ascii.n < IDN_MAX && ascii.p[ascii.n] == '\0');
    for (size_t i = 0; i < ascii.n; i++)
        assert(ascii.p[i] > ' ' && ascii.p[i] < 0x7f && ascii_lower(ascii.p[i]) == ascii.p[i]);
    struct str shown = idn_to_text(ascii, text);
    assert(str_is_utf8(shown));
    int err = idn_to_ascii(shown, again, &same);
    assert(err == 0 && str_eq(same, ascii));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char ascii[IDN_MAX], text[IDN_TEXT_MAX];
    struct str in = str_of((const char *)data, size), got;
    if (idn_to_ascii(in, ascii, &got) == 0)
        check(got);
    assert(idn_to_text(in, text).n < sizeof text);
    return 0;
}
