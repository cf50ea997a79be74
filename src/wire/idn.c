/* Internationalised names; see idn.h. */
#include "wire/idn.h"

enum {
    LABEL_MAX = 63,
    NAME_MAX_ASCII = 253,
    POINTS_MAX = LABEL_MAX, /* code points in a label: each costs a byte of its A-label at least */
    UNICODE_MAX = 0x10ffff,
    /* RFC 3492 5 */
    BASE = 36,
    TMIN = 1,
    TMAX = 26,
    SKEW = 38,
    DAMP = 700,
    INITIAL_BIAS = 72,
    INITIAL_N = 128,
};

static const struct str ace = {"xn--", 4};

/* A label as code points. */
struct label {
    uint32_t point[POINTS_MAX];
    size_t n;
};

/* ---- which characters ---- */

/* step 0: all of the range are capitals, `to` above them are the small ones. step 1: every other
 * one, of the parity of `first`, is followed by its small one. */
struct fold {
    uint16_t first, last, to, step;
};

static const struct fold folds[] = {
    {0x41, 0x5a, 32, 0},   {0xc0, 0xd6, 32, 0},    {0xd8, 0xde, 32, 0},    {0x100, 0x12e, 1, 1},
    {0x132, 0x136, 1, 1},  {0x139, 0x147, 1, 1},   {0x14a, 0x176, 1, 1},   {0x179, 0x17d, 1, 1},
    {0x1cd, 0x1db, 1, 1},  {0x1de, 0x1ee, 1, 1},   {0x1f8, 0x21e, 1, 1},   {0x222, 0x232, 1, 1},
    {0x386, 0x386, 38, 0}, {0x388, 0x38a, 37, 0},  {0x38c, 0x38c, 64, 0},  {0x38e, 0x38f, 63, 0},
    {0x391, 0x3a1, 32, 0}, {0x3a3, 0x3ab, 32, 0},  {0x400, 0x40f, 80, 0},  {0x410, 0x42f, 32, 0},
    {0x460, 0x480, 1, 1},  {0x48a, 0x4be, 1, 1},   {0x4c1, 0x4cd, 1, 1},   {0x4d0, 0x52e, 1, 1},
    {0x531, 0x556, 48, 0}, {0x1e00, 0x1e94, 1, 1}, {0x1ea0, 0x1efe, 1, 1},
};

static uint32_t to_small(uint32_t c)
{
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        const struct fold *f = &folds[i];
        if (c >= f->first && c <= f->last && (f->step == 0 || (c - f->first) % 2 == 0))
            return c + f->to;
    }
    return c;
}

struct range {
    uint32_t first, last;
};

/* What no U-label holds (RFC 5892), as far as whole ranges say it; and what the small mapping here
 * would get wrong. */
static const struct range refused[] = {
    {0x80, 0xb6}, /* controls, signs, fractions; b7 is Catalan's middle dot */
    {0xb8, 0xbf},       {0xd7, 0xd7},           {0xf7, 0xf7},
    {0x130, 0x130}, /* I with a dot becomes two characters */
    {0x132, 0x133},     {0x13f, 0x140},         {0x149, 0x149},
    {0x178, 0x178},     {0x17f, 0x17f},         {0x181, 0x182},
    {0x184, 0x184},     {0x186, 0x187},         {0x189, 0x18b},
    {0x18e, 0x191},     {0x193, 0x194},         {0x196, 0x198},
    {0x19c, 0x19d},     {0x19f, 0x1a0},         {0x1a2, 0x1a2},
    {0x1a4, 0x1a4},     {0x1a6, 0x1a7},         {0x1a9, 0x1a9},
    {0x1ac, 0x1ac},     {0x1ae, 0x1af},         {0x1b1, 0x1b3},
    {0x1b5, 0x1b5},     {0x1b7, 0x1b8},         {0x1bc, 0x1bc},
    {0x1c4, 0x1cc},     {0x1f1, 0x1f4},         {0x1f6, 0x1f7},
    {0x220, 0x220},     {0x23a, 0x23b},         {0x23d, 0x23e},
    {0x241, 0x241},     {0x243, 0x246},         {0x248, 0x248},
    {0x24a, 0x24a},     {0x24c, 0x24c},         {0x24e, 0x24e},
    {0x2b0, 0x2b8},     {0x2d8, 0x2dd},         {0x2e0, 0x2e4},
    {0x300, 0x36f}, /* loose accents: the name must be composed (NFC) first */
    {0x37a, 0x37a},     {0x37e, 0x37f},         {0x384, 0x385},
    {0x387, 0x387},     {0x3cf, 0x3d6},         {0x3f0, 0x3f2},
    {0x3f4, 0x3f7},     {0x3f9, 0x3fa},         {0x3fd, 0x3ff},
    {0x4c0, 0x4c0},     {0x587, 0x587},         {0x61c, 0x61c},
    {0x10a0, 0x10c5},   {0x1100, 0x11ff}, /* Georgian capitals; Hangul in pieces */
    {0x13a0, 0x13f5},   {0x1c90, 0x1cbf},       {0x1d2c, 0x1d6a},
    {0x1dc0, 0x1dff},   {0x1e9a, 0x1e9b},       {0x1e9e, 0x1e9e},
    {0x1f00, 0x1fff}, /* Greek with old accents */
    {0x2000, 0x2bff}, /* spaces, invisible ones, signs, box drawing */
    {0x2c00, 0x2c2f},   {0x2e00, 0x3004},       {0x3008, 0x3029},
    {0x3030, 0x303b},   {0x303d, 0x3040},       {0x309b, 0x309c},
    {0x309f, 0x30a0},   {0x30ff, 0x30ff},       {0x3130, 0x319f},
    {0x3200, 0x33ff},   {0xa640, 0xa69d},       {0xa720, 0xa7ff},
    {0xab30, 0xabbf},   {0xd7b0, 0xdfff},       {0xe000, 0xfa0d},
    {0xfa10, 0xffff},                       /* private, compatibility, full width, specials */
    {0x10400, 0x104ff}, {0x1d000, 0x1dfff}, /* Deseret and Osage; music and mathematics */
    {0x1f000, 0x1f02f}, {0x1f030, 0x1ffff}, /* pictures: IDNA2008 has none */
    {0x2f800, 0x2fa1f}, {0xe0000, UNICODE_MAX},
};

static bool is_refused(uint32_t c)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (c >= refused[i].first && c <= refused[i].last)
            return true;
    return c > UNICODE_MAX;
}

static bool is_host_char(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* In the form a U-label has: small already. */
static bool is_label_point(uint32_t c)
{
    return c < 0x80 ? is_host_char(c) : to_small(c) == c && !is_refused(c);
}

/* "." and the stops that Chinese and Japanese keyboards give (RFC 3490 3.1). */
static bool is_dot(uint32_t c)
{
    return c == '.' || c == 0x3002 || c == 0xff0e || c == 0xff61;
}

/* ---- UTF-8 ---- */

/* One code point off a non-empty slice. */
static int take_point(struct str *s, uint32_t *ret)
{
    size_t n = str_utf8(*s);
    if (n == 0)
        return -ERR_SYNTAX;
    const unsigned char *p = (const unsigned char *)s->p;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3f);
    *s = str_from(*s, n);
    *ret = c;
    return 0;
}

static size_t put_point(char *out, uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (n == 1) {
        out[0] = (char)c;
        return 1;
    }
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00u >> n & 0xffu) | c);
    return n;
}

/* ---- punycode (RFC 3492) ---- */

/* 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
        delta /= BASE - TMIN;
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    if (k <= bias + TMIN)
        return TMIN;
    return k >= bias + TMAX ? TMAX : k - bias;
}

/* Writes to `out`, which has LABEL_MAX bytes. */
struct writer {
    char *out;
    size_t n;
    bool full;
};

static void put(struct writer *w, char c)
{
    if (w->n == LABEL_MAX)
        w->full = true;
    else
        w->out[w->n++] = c;
}

static void put_digit(struct writer *w, uint32_t d)
{
    put(w, (char)(d < 26 ? 'a' + d : '0' + d - 26));
}

static void put_number(struct writer *w, uint32_t q, uint32_t bias)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias);
        if (q < t)
            break;
        put_digit(w, t + (q - t) % (BASE - t));
        q = (q - t) / (BASE - t);
    }
    put_digit(w, q);
}

/* The smallest code point of the label that is at least n; there is one. */
static uint32_t next_point(const struct label *l, uint32_t n)
{
    uint32_t least = UNICODE_MAX;
    for (size_t i = 0; i < l->n; i++)
        if (l->point[i] >= n && l->point[i] < least)
            least = l->point[i];
    return least;
}

/* 6.3. At most 63 points up to 0x10ffff: delta stays below 2^27, nothing overflows. */
static int encode(const struct label *l, char out[LABEL_MAX], size_t *ret_n)
{
    struct writer w = {.out = out};
    uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS, done, basic = 0;
    for (size_t i = 0; i < ace.n; i++)
        put(&w, ace.p[i]);
    for (size_t i = 0; i < l->n; i++)
        if (l->point[i] < 0x80) {
            put(&w, (char)l->point[i]);
            basic++;
        }
    if (basic)
        put(&w, '-');
    for (done = basic; done < l->n; delta++, n++) {
        uint32_t m = next_point(l, n);
        delta += (m - n) * (done + 1);
        n = m;
        for (size_t i = 0; i < l->n; i++) {
            delta += l->point[i] < n;
            if (l->point[i] != n)
                continue;
            put_number(&w, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
    }
    *ret_n = w.n;
    return w.full ? -ERR_NAME_TOO_LONG : 0;
}

static bool digit_of(char c, uint32_t *ret)
{
    if (c >= 'a' && c <= 'z')
        *ret = (uint32_t)(c - 'a');
    else if (c >= '0' && c <= '9')
        *ret = (uint32_t)(c - '0') + 26;
    else
        return false;
    return true;
}

/* A variable-length number off *s, added to *i. */
static bool take_number(struct str *s, uint32_t bias, uint32_t *i)
{
    uint32_t weight = 1, digit, part;
    for (uint32_t k = BASE; s->n; k += BASE) {
        uint32_t t = threshold(k, bias);
        if (!digit_of(s->p[0], &digit) || __builtin_mul_overflow(digit, weight, &part) ||
            __builtin_add_overflow(*i, part, i))
            return false;
        *s = str_from(*s, 1);
        if (digit < t)
            return true;
        if (__builtin_mul_overflow(weight, BASE - t, &weight))
            return false;
    }
    return false;
}

static bool insert(struct label *l, size_t at, uint32_t c)
{
    if (l->n == POINTS_MAX || c > UNICODE_MAX)
        return false;
    memmove(l->point + at + 1, l->point + at, (l->n - at) * sizeof *l->point);
    l->point[at] = c;
    l->n++;
    return true;
}

/* 6.2; s: behind "xn--". */
static bool decode(struct str s, struct label *ret)
{
    uint32_t n = INITIAL_N, i = 0, bias = INITIAL_BIAS;
    size_t dash = str_rfind(s, '-');
    ret->n = 0;
    if (s.n > LABEL_MAX)
        return false;
    for (size_t at = 0; dash < s.n && at < dash; at++)
        ret->point[ret->n++] = (unsigned char)s.p[at];
    for (s = dash < s.n ? str_from(s, dash + 1) : s; s.n; i++) {
        uint32_t before = i, points = (uint32_t)ret->n + 1;
        if (!take_number(&s, bias, &i))
            return false;
        bias = adapt(i - before, points, before == 0);
        if (i / points > UNICODE_MAX - n)
            return false;
        n += i / points;
        i %= points;
        if (!insert(ret, i, n))
            return false;
    }
    return true;
}

/* ---- names ---- */

static bool is_ascii(const struct label *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->point[i] >= 0x80)
            return false;
    return true;
}

/* RFC 5891 4.2.3.1: no hyphen at the ends, none in the third and fourth place together. */
static bool has_bad_hyphens(const struct label *l)
{
    bool third = l->n >= 4 && l->point[2] == '-' && l->point[3] == '-';
    return l->n == 0 || l->point[0] == '-' || l->point[l->n - 1] == '-' || third;
}

static int label_to_ascii(const struct label *l, char out[LABEL_MAX], size_t *ret_n)
{
    if (l->n == 0)
        return -ERR_SYNTAX;
    if (!is_ascii(l))
        return has_bad_hyphens(l) ? -ERR_SYNTAX : encode(l, out, ret_n);
    for (size_t i = 0; i < l->n; i++)
        out[i] = (char)l->point[i];
    *ret_n = l->n;
    return 0;
}

/* The label up to the next dot, which goes too. */
static int take_label(struct str *name, struct label *ret)
{
    uint32_t c;
    for (ret->n = 0; name->n; ret->point[ret->n++] = c) {
        int err = take_point(name, &c);
        if (err)
            return err;
        if (is_dot(c))
            return 0;
        c = to_small(c);
        if (!is_label_point(c))
            return c < 0x80 ? -ERR_SYNTAX : -ERR_UNSUPPORTED;
        if (ret->n == POINTS_MAX)
            return -ERR_NAME_TOO_LONG;
    }
    return 0;
}

int idn_to_ascii(struct str name, char out[IDN_MAX], struct str *ret)
{
    size_t n = 0;
    do {
        struct label l;
        char ascii[LABEL_MAX];
        size_t ascii_n = 0;
        int err = take_label(&name, &l);
        err = err ? err : label_to_ascii(&l, ascii, &ascii_n);
        if (err)
            return err;
        if (n + (n > 0) + ascii_n > NAME_MAX_ASCII)
            return -ERR_NAME_TOO_LONG;
        if (n)
            out[n++] = '.';
        memcpy(out + n, ascii, ascii_n);
        n += ascii_n;
    } while (name.n);
    out[n] = '\0';
    *ret = str_of(out, n);
    return 0;
}

/* The U-label of an A-label; false: it is none. */
static bool label_to_text(struct str ascii, struct label *ret)
{
    char low[LABEL_MAX], again[LABEL_MAX];
    size_t n;
    if (ascii.n <= ace.n || ascii.n > LABEL_MAX || !str_istarts(ascii, ace))
        return false;
    for (size_t i = 0; i < ascii.n; i++)
        low[i] = ascii_lower(ascii.p[i]);
    if (!decode(str_of(low + ace.n, ascii.n - ace.n), ret) || is_ascii(ret) || has_bad_hyphens(ret))
        return false;
    for (size_t i = 0; i < ret->n; i++)
        if (!is_label_point(ret->point[i]))
            return false;
    return encode(ret, again, &n) == 0 && str_eq(str_of(again, n), str_of(low, ascii.n));
}

struct str idn_to_text(struct str name, char out[IDN_TEXT_MAX])
{
    struct str rest = str_sub(name, 0, NAME_MAX_ASCII), piece;
    size_t n = 0;
    for (bool first = true; str_split(&rest, '.', &piece); first = false) {
        struct label l;
        if (!first)
            out[n++] = '.';
        if (label_to_text(piece, &l)) {
            for (size_t i = 0; i < l.n; i++)
                n += put_point(out + n, l.point[i]);
        } else if (piece.n) {
            memcpy(out + n, piece.p, piece.n);
            n += piece.n;
        }
    }
    out[n] = '\0';
    return str_of(out, n);
}
