/* JSON, value by value; see json_emit.h. */
#include "audit/json_emit.h"

static void break_line(struct json_emit *j)
{
    if (!j->pretty)
        return;
    buf_addc(j->out, '\n');
    for (unsigned i = 0; i < j->depth; i++)
        buf_add(j->out, STR("  "));
}

static void start(struct json_emit *j, const char *key)
{
    if (j->comma)
        buf_addc(j->out, ',');
    if (j->depth)
        break_line(j);
    j->comma = true;
    if (!key)
        return;
    buf_addc(j->out, '"');
    buf_add_json(j->out, str_c(key));
    buf_add(j->out, j->pretty ? STR("\": ") : STR("\":"));
}

void json_emit_open(struct json_emit *j, const char *key, char bracket)
{
    start(j, key);
    buf_addc(j->out, bracket);
    j->depth++;
    j->comma = false;
}

void json_emit_close(struct json_emit *j, char bracket)
{
    j->depth--;
    if (j->comma)
        break_line(j);
    buf_addc(j->out, bracket);
    j->comma = true;
}

void json_emit_str(struct json_emit *j, const char *key, struct str value)
{
    start(j, key);
    buf_addc(j->out, '"');
    while (value.n) {
        size_t n = str_find(value, '\0', 0);
        buf_add_json(j->out, str_sub(value, 0, n));
        if (n < value.n)
            buf_add(j->out, STR("\\ufffd"));
        value = str_from(value, n + 1);
    }
    buf_addc(j->out, '"');
}

void json_emit_z(struct json_emit *j, const char *key, const char *value)
{
    if (value)
        json_emit_str(j, key, str_c(value));
    else
        json_emit_null(j, key);
}

void json_emit_int(struct json_emit *j, const char *key, int64_t value)
{
    start(j, key);
    buf_addf(j->out, "%lld", (long long)value);
}

void json_emit_size(struct json_emit *j, const char *key, uint64_t value)
{
    const uint64_t most = (UINT64_C(1) << 53) - 1; /* what every reader holds, RFC 8259 6 */
    start(j, key);
    buf_addu(j->out, value < most ? value : most);
}

void json_emit_bool(struct json_emit *j, const char *key, bool value)
{
    start(j, key);
    buf_add(j->out, value ? STR("true") : STR("false"));
}

void json_emit_null(struct json_emit *j, const char *key)
{
    start(j, key);
    buf_add(j->out, STR("null"));
}

void json_emit_hex(struct json_emit *j, const char *key, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    start(j, key);
    buf_addc(j->out, '"');
    for (size_t i = 0; i < bytes.n; i++) {
        buf_addc(j->out, digits[(unsigned char)bytes.p[i] >> 4]);
        buf_addc(j->out, digits[bytes.p[i] & 15]);
    }
    buf_addc(j->out, '"');
}
