/* See mitm.h.
 *
 * The store is one text that is patched where it stands: every field of a line has a fixed width but the
 * name, which never changes. So nothing that was not understood can get lost, and a visit costs a
 * look-up. */
#include "audit/mitm.h"

#include "audit/report_text.h"

enum { DAY_TEXT = 10 /* "2026-11-25" */, NAME_MAX_TEXT = 300 };

/* ---- pins ---- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int letter_value(char c)
{
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? (int)(at - letters) : -1;
}

/* 43 letters and one '=' are 32 bytes; the two bits left over have to be zero (RFC 4648 3.5). */
static bool decode(struct str s, unsigned char ret[32])
{
    uint32_t bits = 0;
    size_t n = 0, have = 0;
    if (s.n != 44 || s.p[43] != '=')
        return false;
    for (size_t i = 0; i < 43; i++) {
        int v = letter_value(s.p[i]);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            ret[n++] = (unsigned char)(bits >> have);
        }
    }
    return (bits & 3) == 0;
}

bool mitm_pin_read(struct str text, unsigned char ret[32])
{
    unsigned char key[32];
    bool ours = str_starts(text, STR("sha256/")), curls = str_starts(text, STR("sha256//"));
    /* "sha256//" and 44 letters is curl's; with 43 behind it the second slash is one of the letters */
    if (!ours || !decode(str_from(text, curls && text.n == MITM_PIN_TEXT + 1 ? 8 : 7), key))
        return false;
    if (ret)
        memcpy(ret, key, sizeof key);
    return true;
}

void mitm_pin_write(const unsigned char sha256[32], char out[MITM_PIN_TEXT + 1])
{
    uint32_t bits = 0;
    unsigned have = 0;
    memcpy(out, "sha256/", 7);
    out += 7;
    for (size_t i = 0; i < 32; i++) {
        bits = bits << 8 | sha256[i];
        for (have += 8; have >= 6; have -= 6)
            *out++ = letters[bits >> (have - 6) & 63];
    }
    *out++ = letters[bits << (6 - have) & 63];
    *out++ = '=';
    *out = 0;
}

int mitm_pins_add(struct mitm_pins *to, struct str text, unsigned *ret_line)
{
    struct str line;
    unsigned number = 0;
    while (str_split(&text, '\n', &line)) {
        number++;
        line = str_sub(line, 0, str_find(line, '#', 0));
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        line = str_trim(line);
        if (line.n == 0)
            continue;
        *ret_line = number;
        if (to->n == MITM_PINS_MAX)
            return -ERR_LIMIT;
        if (!mitm_pin_read(line, to->pin[to->n]))
            return -ERR_SYNTAX;
        to->n++;
    }
    return 0;
}

/* ---- comparisons ---- */

static void judge_pins(const struct mitm_input *in, struct trust_facts *f)
{
    struct trust_comparison *c = &f->pin;
    if (!in->pins)
        return;
    *c = (struct trust_comparison){.answer = TRUST_FAILED, .with = in->pins_from, .seen = f->spki};
    if (in->pins->n == 0)
        c->why = STR("there is no pin in it");
    else if (in->npath == 0)
        c->why = STR("no certificate was seen");
    else
        c->answer = TRUST_DIFFERENT;
    for (size_t i = 0; c->answer == TRUST_DIFFERENT && i < in->pins->n; i++)
        if (memcmp(in->pins->pin[i], in->path[0]->spki_sha256, 32) == 0)
            c->answer = TRUST_SAME;
}

static int expected_pin(struct arena *a, const struct mitm_input *in, struct trust_facts *f)
{
    char text[MITM_PIN_TEXT + 1];
    if (f->pin.answer != TRUST_DIFFERENT)
        return 0;
    mitm_pin_write(in->pins->pin[0], text);
    f->pin.expected = in->pins->n == 1
                          ? arena_str(a, str_c(text))
                          : arena_printf(a, "%s or one of %zu more", text, in->pins->n - 1);
    return f->pin.expected.p ? 0 : -ERR_NOMEM;
}

static bool finds(struct str in, struct str what)
{
    for (size_t i = 0; i + what.n <= in.n; i++)
        if (str_istarts(str_from(in, i), what))
            return true;
    return false;
}

static void judge_issuer(const struct mitm_input *in, struct trust_facts *f)
{
    struct trust_comparison *c = &f->issuer;
    if (in->issuer.n == 0)
        return;
    *c = (struct trust_comparison){.answer = TRUST_FAILED, .expected = in->issuer};
    if (in->npath == 0) {
        c->why = STR("no certificate was seen");
        return;
    }
    const struct cert_info *leaf = in->path[0];
    c->answer = TRUST_DIFFERENT;
    c->seen = leaf->issuer_o.n    ? leaf->issuer_o
              : leaf->issuer_cn.n ? leaf->issuer_cn
                                  : leaf->issuer;
    for (size_t i = 0; i < in->npath; i++)
        if (finds(in->path[i]->issuer_o, in->issuer) || finds(in->path[i]->issuer_cn, in->issuer))
            c->answer = TRUST_SAME;
}

static size_t compare_seen(struct str ours, const struct mitm_seen *seen, size_t n,
                           struct trust_comparison *ret)
{
    n = n < TRUST_COMPARISONS_MAX ? n : TRUST_COMPARISONS_MAX;
    for (size_t i = 0; i < n; i++) {
        struct trust_comparison c = {TRUST_FAILED, seen[i].with, seen[i].spki, ours, seen[i].why};
        if (seen[i].spki.n && ours.n)
            c.answer = str_eq(seen[i].spki, ours) ? TRUST_SAME : TRUST_DIFFERENT;
        else if (!c.why.n)
            c.why = STR("no certificate was seen");
        ret[i] = c;
    }
    return n;
}

int mitm_judge(struct arena *a, const struct mitm_input *in, struct trust_facts *ret)
{
    struct trust_facts f = {.naddresses = 0};
    char text[MITM_PIN_TEXT + 1];
    if (in->npath) {
        mitm_pin_write(in->path[0]->spki_sha256, text);
        f.spki = arena_str(a, str_c(text));
        if (!f.spki.p)
            return -ERR_NOMEM;
    }
    judge_pins(in, &f);
    int err = expected_pin(a, in, &f);
    if (err)
        return err;
    judge_issuer(in, &f);
    f.naddresses = compare_seen(f.spki, in->addresses, in->naddresses, f.addresses);
    f.nresolvers = compare_seen(f.spki, in->resolvers, in->nresolvers, f.resolvers);
    f.nproxies = compare_seen(f.spki, in->proxies, in->nproxies, f.proxies);
    *ret = f;
    return 0;
}

/* ---- the store ---- */

/* One line of it; slices of the text. */
struct entry {
    struct str name, spki, first, last;
};

static bool is_day(struct str s)
{
    uint64_t y, m, d;
    return s.n == DAY_TEXT && s.p[4] == '-' && s.p[7] == '-' && str_u64(str_sub(s, 0, 4), &y) &&
           str_u64(str_sub(s, 5, 2), &m) && str_u64(str_sub(s, 8, 2), &d) && y > 0 && m >= 1 &&
           m <= 12 && d >= 1 && d <= 31;
}

/* "host:port": printable, without spaces, and a port. */
static bool is_name(struct str s)
{
    uint64_t port;
    size_t colon = str_rfind(s, ':');
    if (colon == 0 || colon == s.n || s.n > NAME_MAX_TEXT || s.p[0] == '#')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    struct str digits = str_from(s, colon + 1);
    return digits.n && digits.p[0] != '0' && str_u64(digits, &port) && port > 0 &&
           port <= UINT16_MAX;
}

/* Cuts the next word off *in. */
static struct str word(struct str *in)
{
    size_t from = 0, to;
    while (from < in->n && (in->p[from] == ' ' || in->p[from] == '\t'))
        from++;
    for (to = from; to < in->n && in->p[to] != ' ' && in->p[to] != '\t'; to++)
        ;
    struct str w = str_sub(*in, from, to - from);
    *in = str_from(*in, to);
    return w;
}

static bool read_line(struct str line, struct entry *ret)
{
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    struct entry e = {word(&line), word(&line), word(&line), word(&line)};
    *ret = e;
    /* Only the canonical pin: it may be replaced by one of the same length. */
    return e.name.n && is_name(e.name) && e.spki.n == MITM_PIN_TEXT &&
           mitm_pin_read(e.spki, NULL) && is_day(e.first) && is_day(e.last) &&
           str_trim(line).n == 0;
}

static struct str lower(struct arena *a, struct str name)
{
    char *p = arena_cstr(a, name);
    for (size_t i = 0; p && i < name.n; i++)
        p[i] = ascii_lower(p[i]);
    return str_of(p, p ? name.n : 0);
}

/* -ERR_NOMEM; a second line of the same name is only counted. */
static int index_line(struct mitm_store *s, struct str name, size_t at, bool *ret_double)
{
    struct str key = lower(&s->names, name);
    if (!key.p)
        return -ERR_NOMEM;
    *ret_double = map_get(&s->by_name, key) != NULL;
    if (*ret_double)
        return 0;
    int err = map_set(&s->by_name, key, (void *)(uintptr_t)(at + 1));
    s->n += !err;
    return err;
}

static bool is_remark(struct str line)
{
    struct str w = word(&line);
    return w.n == 0 || w.p[0] == '#' || str_eq(w, STR("\r"));
}

static int read_all(struct mitm_store *s)
{
    struct str rest = buf_str(&s->text), line;
    const char *begin = rest.p;
    unsigned number = 0;
    while (str_split(&rest, '\n', &line)) {
        struct entry e;
        bool bad = !read_line(line, &e);
        number += number < UINT32_MAX;
        if (is_remark(line))
            continue;
        int err = bad ? 0 : index_line(s, e.name, (size_t)(line.p - begin), &bad);
        if (err)
            return err;
        if (bad && s->bad++ == 0)
            s->bad_line = number;
    }
    return 0;
}

int mitm_store_init(struct mitm_store *s, struct str text, const uint64_t seed[2])
{
    *s = (struct mitm_store){.changed = false};
    buf_init(&s->text, MITM_STORE_MAX);
    map_init(&s->by_name, MITM_STORE_MAX / MITM_PIN_TEXT, seed);
    arena_init(&s->names, 64 * 1024, 2ul * MITM_STORE_MAX);
    int err = buf_append(&s->text, text);
    if (!err)
        err = read_all(s);
    if (err)
        mitm_store_done(s);
    return err;
}

void mitm_store_done(struct mitm_store *s)
{
    map_done(&s->by_name);
    arena_done(&s->names);
    buf_done(&s->text);
}

static void day_text(int64_t now, char out[DAY_TEXT])
{
    char text[REPORT_TIME + 1];
    report_text_time(now, text);
    memcpy(out, text, DAY_TEXT);
}

static struct str visit_name(struct arena *a, const struct mitm_visit *v)
{
    bool v6 = str_find(v->host, ':', 0) < v->host.n && v->host.p[0] != '[';
    return arena_printf(a, v6 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(v->host), v->port);
}

static int add_line(struct mitm_store *s, struct str name, const struct mitm_visit *v)
{
    struct str text = buf_str(&s->text);
    bool open = text.n && text.p[text.n - 1] != '\n', twice;
    char day[DAY_TEXT];
    size_t at = text.n + open;
    day_text(v->now, day);
    int err = buf_reserve(&s->text, name.n + 2 * DAY_TEXT + MITM_PIN_TEXT + 5);
    if (!err)
        err = index_line(s, name, at, &twice);
    if (err) {
        s->text.failed = false; /* what is there stays good */
        return err;
    }
    buf_addf(&s->text, "%s%.*s %.*s %.*s %.*s\n", open ? "\n" : "", STR_ARG(name), STR_ARG(v->spki),
             DAY_TEXT, day, DAY_TEXT, day);
    s->changed = true;
    return 0;
}

/* Writes over a slice of the text, of the same length. */
static void patch(struct mitm_store *s, struct str old, const char *new)
{
    if (memcmp(old.p, new, old.n) == 0)
        return;
    memcpy(s->text.mem + s->text.off + (old.p - buf_str(&s->text).p), new, old.n);
    s->changed = true;
}

static int visit_known(struct mitm_store *s, struct arena *a, size_t at, const struct mitm_visit *v,
                       struct trust_comparison *ret)
{
    struct str text = str_from(buf_str(&s->text), at);
    struct entry e;
    char day[DAY_TEXT];
    if (!read_line(str_sub(text, 0, str_find(text, '\n', 0)), &e))
        return -ERR_INVAL; /* never: it was read before, and patches keep it readable */
    ret->answer = str_eq(e.spki, v->spki) ? TRUST_SAME : TRUST_DIFFERENT;
    ret->expected =
        arena_printf(a, "%.*s (%.*s to %.*s)", STR_ARG(e.spki), STR_ARG(e.first), STR_ARG(e.last));
    if (!ret->expected.p)
        return -ERR_NOMEM;
    day_text(v->now, day);
    if (ret->answer == TRUST_DIFFERENT && v->replace) {
        patch(s, e.spki, v->spki.p);
        patch(s, e.first, day);
    }
    if (ret->answer == TRUST_SAME || v->replace)
        patch(s, e.last, day);
    return 0;
}

int mitm_store_visit(struct mitm_store *s, struct arena *a, const struct mitm_visit *v,
                     struct trust_comparison *ret)
{
    struct trust_comparison c = {.answer = TRUST_FAILED, .with = v->file, .seen = v->spki};
    struct str name = visit_name(a, v), key = name.p ? lower(a, name) : STR_NONE;
    if (!key.p)
        return -ERR_NOMEM;
    bool fits = v->spki.n == 0 || (v->spki.n == MITM_PIN_TEXT && mitm_pin_read(v->spki, NULL));
    if (!fits || !is_name(name))
        return -ERR_INVAL;
    size_t at = (size_t)(uintptr_t)map_get(&s->by_name, key);
    int err = 0;
    if (v->spki.n == 0)
        c.why = STR("no certificate was seen");
    else if (at)
        err = visit_known(s, a, at - 1, v, &c);
    else {
        c.answer = TRUST_NEW;
        err = add_line(s, name, v);
    }
    if (!err)
        *ret = c;
    return err;
}
