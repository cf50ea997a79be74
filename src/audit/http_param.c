/* Parameters of field values; see http_param.h. */
#include "audit/http_param.h"

#include "wire/scan.h"

/* RFC 9110 5.6.4, up to the closing quote; backslashes stay (no value that we compare has any). */
static struct str quoted(struct str *in, bool *bad)
{
    size_t n = 1;
    while (n < in->n && in->p[n] != '"')
        n += in->p[n] == '\\' ? 2 : 1;
    *bad |= n >= in->n;
    struct str text = str_sub(*in, 1, n - 1);
    *in = str_from(*in, n + 1);
    return text;
}

bool http_param_next(struct str *in, char sep, struct http_param *ret)
{
    for (*in = str_trim(*in); in->n && in->p[0] == sep; *in = str_trim(str_from(*in, 1)))
        ;
    if (in->n == 0)
        return false;
    *ret = (struct http_param){.has_value = false};
    size_t n = scan_token(*in);
    ret->name = str_sub(*in, 0, n);
    ret->bad = n == 0;
    *in = str_trim(str_from(*in, n));
    if (in->n && in->p[0] == '=') {
        *in = str_trim(str_from(*in, 1));
        ret->has_value = true;
        ret->quoted = in->n && in->p[0] == '"';
        size_t end = ret->quoted ? 0 : scan_token(*in);
        ret->value = ret->quoted ? quoted(in, &ret->bad) : str_sub(*in, 0, end);
        *in = str_trim(str_from(*in, end));
    }
    size_t stray = str_find(*in, sep, 0);
    ret->bad |= stray != 0 && in->n != 0;
    *in = str_from(*in, stray);
    return true;
}
