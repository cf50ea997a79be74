/* See check_say.h. */
#include "audit/check_say.h"

#include "audit/report_text.h"

#include <stdarg.h>
#include <stdio.h>

enum { NAMES_TOLD = 4 };

void say_init(struct say *s, struct finding *f)
{
    *s = (struct say){.f = f, .worst = SEVERITY_INFO};
}

static bool told(const struct say_part *part, const char *text, size_t n)
{
    return n && memmem(part->text, part->n, text, n) != NULL;
}

static void add(struct say *s, struct say_part *part, const char *format, va_list args)
{
    char text[SAY_TEXT];
    size_t n = 0;
    if (s->prefix)
        n = (size_t)snprintf(text, 64, "%.60s: ", s->prefix);
    int more = vsnprintf(text + n, sizeof text - n, format, args);
    n = strlen(text);
    if (more < 0 || told(part, text, n))
        return;
    if (n + 1 + part->n >= sizeof part->text - 64) { /* room for the count of the rest */
        part->left_out++;
        return;
    }
    if (part->n)
        part->text[part->n++] = ' ';
    memcpy(part->text + part->n, text, n);
    part->n += n;
    part->count++;
}

void say_bad(struct say *s, enum severity severity, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(s, &s->bad, format, args);
    va_end(args);
    bool first = s->bad.count + s->bad.left_out == 1;
    if (first || severity > s->worst) {
        s->worst = severity;
        s->f->evidence = s->evidence ? s->evidence : s->f->evidence;
    }
}

void say_fine(struct say *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(s, &s->fine, format, args);
    va_end(args);
}

void say_unknown(struct say *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(s, &s->unknown, format, args);
    va_end(args);
}

static void close_part(struct say_part *part)
{
    if (part->left_out)
        part->n += (size_t)snprintf(part->text + part->n, 60, " And %u more.", part->left_out);
}

void say_end(struct say *s, const char *otherwise)
{
    struct finding *f = s->f;
    close_part(&s->bad);
    close_part(&s->unknown);
    close_part(&s->fine);
    if (s->bad.n) {
        f->severity = s->worst;
        finding_bad(f, "%.*s", (int)s->bad.n, s->bad.text);
        return;
    }
    if (!f->evidence)
        f->evidence = s->evidence;
    if (s->unknown.n)
        finding_untestable(f, "%.*s", (int)s->unknown.n, s->unknown.text);
    else if (s->fine.n)
        finding_safe(f, "%.*s", (int)s->fine.n, s->fine.text);
    else
        finding_untestable(f, "%s", otherwise);
}

struct str say_cut(const struct finding *f, struct str s)
{
    if (s.n <= SAY_CUT)
        return s;
    size_t n = SAY_CUT;
    while (n > SAY_CUT - 4 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return arena_printf(f->arena, "%.*s…", (int)n, s.p);
}

const char *say_date(const struct finding *f, int64_t seconds)
{
    char text[REPORT_TIME + 1];
    report_text_time(seconds, text);
    const char *date = arena_cstr(f->arena, str_of(text, 10));
    return date ? date : "?";
}

struct str say_names(const struct finding *f, const struct cert_list *names)
{
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < names->n && i < NAMES_TOLD; i++) {
        struct str one = say_cut(f, names->v[i]);
        buf_addf(&b, "%s%.*s", i ? ", " : "", STR_ARG(one));
    }
    size_t all = names->n + names->dropped;
    if (all > NAMES_TOLD)
        buf_addf(&b, " and %zu more", all - NAMES_TOLD);
    return buf_keep(&b, f->arena);
}
