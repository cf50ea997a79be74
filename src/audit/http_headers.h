/* What the security fields of one answer say: values, as the browser that obeys them reads them, not
 * mere presence. Slices are borrowed from the answer. */
#ifndef AUDIT_HTTP_HEADERS_H
#define AUDIT_HTTP_HEADERS_H

#include "audit/csp.h"
#include "audit/http_client.h"
#include "audit/http_cookie.h"

#define HTTP_COOKIES_MAX 64
#define HTTP_BANNERS_MAX 8

enum hsts_fault {
    HSTS_FAULT_SEVERAL = 1,    /* more than one field; the first counts (RFC 6797 8.1) */
    HSTS_FAULT_NO_MAX_AGE = 2, /* required (6.1.1): the field is ignored */
    HSTS_FAULT_MAX_AGE = 4,    /* max-age is no number: ignored */
    HSTS_FAULT_DUPLICATE = 8,  /* a directive twice (6.1): ignored */
    HSTS_FAULT_GRAMMAR = 16,   /* not directives at all, e.g. joined by commas: ignored */
    HSTS_FAULT_VALUE = 32,     /* includeSubDomains or preload with a value */
};

struct hsts_value { /* RFC 6797 6.1 */
    unsigned count; /* fields */
    bool valid;     /* a browser obeys it; max_age 0 forgets the host */
    bool include_subdomains, preload;
    uint64_t max_age; /* seconds */
    unsigned faults;
};

enum frame_options { XFO_ABSENT, XFO_DENY, XFO_SAMEORIGIN, XFO_ALLOW_FROM, XFO_INVALID };
enum nosniff { NOSNIFF_ABSENT, NOSNIFF_ON, NOSNIFF_INVALID };
enum referrer_policy {
    REFERRER_ABSENT,
    REFERRER_INVALID, /* no value of the list is known: the browser's default holds */
    REFERRER_NO_REFERRER,
    REFERRER_SAME_ORIGIN,
    REFERRER_STRICT_ORIGIN,
    REFERRER_STRICT_ORIGIN_WHEN_CROSS,
    REFERRER_ORIGIN, /* from here on the Observatory calls it unsafe */
    REFERRER_ORIGIN_WHEN_CROSS,
    REFERRER_NO_REFERRER_WHEN_DOWNGRADE,
    REFERRER_UNSAFE_URL,
};
enum corp { CORP_ABSENT, CORP_SAME_SITE, CORP_SAME_ORIGIN, CORP_CROSS_ORIGIN, CORP_INVALID };
enum coop {
    COOP_ABSENT,
    COOP_SAME_ORIGIN,
    COOP_SAME_ORIGIN_ALLOW_POPUPS,
    COOP_NOOPENER_ALLOW_POPUPS,
    COOP_UNSAFE_NONE,
    COOP_INVALID
};
enum coep { COEP_ABSENT, COEP_REQUIRE_CORP, COEP_CREDENTIALLESS, COEP_UNSAFE_NONE, COEP_INVALID };
enum xss_protection { XSS_ABSENT, XSS_OFF, XSS_FILTER, XSS_BLOCK, XSS_INVALID };

struct cors_value { /* Fetch standard, 3.2 */
    bool present;
    bool star;        /* "*" */
    bool null_origin; /* "null": any sandboxed frame */
    bool reflected;   /* the origin that we sent, which nobody can have listed */
    bool credentials; /* Access-Control-Allow-Credentials: true */
    bool several;     /* more than one field or value: browsers refuse it */
};

/* Powerful features that Permissions-Policy is mostly asked about. */
enum permission {
    PERMISSION_CAMERA = 1,
    PERMISSION_MICROPHONE = 2,
    PERMISSION_GEOLOCATION = 4,
    PERMISSION_PAYMENT = 8,
    PERMISSION_USB = 16,
    PERMISSION_DISPLAY_CAPTURE = 32,
    PERMISSION_SERIAL = 64,
    PERMISSION_BLUETOOTH = 128,
};

struct permissions_value {
    bool present, feature_policy; /* the latter: only the old field's name is there */
    unsigned directives;
    unsigned denied;   /* PERMISSION_*: "()" */
    unsigned everyone; /* PERMISSION_*: "*" */
    bool invalid;      /* not a structured-field dictionary: browsers ignore all of it */
};

struct hpkp_value { /* RFC 7469: obsolete, and a way to lock a site out */
    bool present, report_only, include_subdomains;
    unsigned pins;
    uint64_t max_age;
};

struct expect_ct_value { /* RFC 9163: obsolete */
    bool present, enforce;
    uint64_t max_age;
};

struct banner {
    struct str name, value;
    bool version; /* digits that tell one */
};

struct alt_svc_value { /* RFC 7838 */
    bool present, clear, invalid;
    bool h3, h3_draft;  /* "h3"; only "h3-29" and the like */
    uint16_t h3_port;   /* of the first h3 entry */
    struct str h3_host; /* empty: the same host */
    uint64_t h3_ma;     /* seconds; 86400 unless told */
    unsigned entries;
};

enum content_coding {
    CODING_GZIP = 1,
    CODING_DEFLATE = 2,
    CODING_BR = 4,
    CODING_ZSTD = 8,
    CODING_OTHER = 16
};

struct http_headers {
    struct hsts_value hsts;
    struct csp csp; /* of the fields; <meta> is added by html_scan's caller */
    struct http_cookie *cookies;
    size_t ncookies;
    unsigned cookies_dropped; /* not readable, or beyond HTTP_COOKIES_MAX */
    enum frame_options frame_options;
    bool frame_options_several; /* more than one value */
    enum nosniff nosniff;
    enum referrer_policy referrer;
    enum corp corp;
    enum coop coop;
    enum coep coep;
    bool coop_report_only, coep_report_only;
    enum xss_protection xss;
    struct cors_value cors;
    struct permissions_value permissions;
    struct hpkp_value hpkp;
    struct expect_ct_value expect_ct;
    struct banner banners[HTTP_BANNERS_MAX];
    size_t nbanners;
    struct alt_svc_value alt_svc;
    bool has_date, date_invalid;
    int64_t date;     /* seconds since 1970 */
    int64_t skew;     /* date − now, seconds */
    unsigned codings; /* enum content_coding */
    bool html;        /* Content-Type says so, or is missing */
};

struct http_reading {
    struct str host;   /* asked, without port; for Domain of cookies */
    struct str origin; /* the Origin sent; empty: none */
    int64_t now;       /* seconds since 1970, when the answer came */
};

/* Reads all fields. The arena keeps the cookies. -ERR_NOMEM. */
int must_use http_headers_read(struct http_headers *ret, struct arena *arena,
                               const struct http_answer *answer,
                               const struct http_reading *reading);
/* The value of the first Strict-Transport-Security field, alone. */
void http_headers_hsts(struct hsts_value *ret, struct str value);
const char *http_headers_referrer_name(enum referrer_policy p);
/* The last known policy in a list of them (Referrer Policy standard 8.1); `before`: what held so far. */
enum referrer_policy http_headers_referrer(struct str list, enum referrer_policy before);

#endif
