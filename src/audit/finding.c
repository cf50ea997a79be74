/* Names of severities, verdicts and sections, and how a check tells its finding. */
#include "audit/finding.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const severities[] = {"info", "low", "medium", "high", "critical"};
static const char *const verdicts[] = {"safe", "vulnerable", "not-testable"};

static const struct {
    const char *name, *title;
} sections[SECTION_COUNT] = {
    [SECTION_PROTOCOL] = {"protocol", "Protocols"},
    [SECTION_CIPHER] = {"cipher", "Cipher suites and key exchange"},
    [SECTION_VULNERABILITY] = {"vulnerability", "Known vulnerabilities"},
    [SECTION_CERTIFICATE] = {"certificate", "Certificate"},
    [SECTION_TRUST] = {"trust", "Authorities and man in the middle"},
    [SECTION_HTTP] = {"http", "HTTP and stripping"},
    [SECTION_DNS] = {"dns", "DNS"},
    [SECTION_QUIC] = {"quic", "QUIC and HTTP/3"},
};

const char *severity_name(enum severity s)
{
    return severities[s];
}

bool severity_parse(struct str text, enum severity *ret)
{
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++)
        if (str_ieq(text, str_c(severities[i]))) {
            *ret = (enum severity)i;
            return true;
        }
    return false;
}

const char *verdict_name(enum verdict v)
{
    return verdicts[v];
}

const char *section_name(enum section s)
{
    return sections[s].name;
}

const char *section_title(enum section s)
{
    return sections[s].title;
}

/* Text beyond a screen is of no use to anybody: what does not fit is cut. */
static void tell(struct finding *f, enum verdict verdict, const char *format, va_list args)
{
    char text[2048];
    int n = vsnprintf(text, sizeof text, format, args);
    size_t kept = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    f->verdict = verdict;
    f->detail = arena_str(f->arena, str_of(text, kept));
}

void finding_safe(struct finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(f, VERDICT_SAFE, format, args);
    va_end(args);
}

void finding_bad(struct finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(f, VERDICT_VULNERABLE, format, args);
    va_end(args);
}

void finding_untestable(struct finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(f, VERDICT_UNTESTABLE, format, args);
    va_end(args);
}
