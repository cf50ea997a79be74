/* Content-Security-Policy values (CSP Level 3): what a set of policies allows together.
 *
 * Each directive's sources are summed up as bits. Policies add up by intersection: a load must pass
 * all of them, so a permission counts only when every enforced policy gives it. A directive that
 * is not there falls back (script-src-elem, script-src, default-src) and, with nothing to fall back
 * on, allows everything. */
#ifndef AUDIT_CSP_H
#define AUDIT_CSP_H

#include "base/str.h"

enum csp_directive {
    CSP_DEFAULT_SRC,
    CSP_SCRIPT_SRC,
    CSP_SCRIPT_SRC_ELEM,
    CSP_SCRIPT_SRC_ATTR,
    CSP_STYLE_SRC,
    CSP_STYLE_SRC_ELEM,
    CSP_STYLE_SRC_ATTR,
    CSP_OBJECT_SRC,
    CSP_IMG_SRC,
    CSP_MEDIA_SRC,
    CSP_FONT_SRC,
    CSP_CONNECT_SRC,
    CSP_FRAME_SRC,
    CSP_CHILD_SRC,
    CSP_WORKER_SRC,
    CSP_MANIFEST_SRC,
    CSP_BASE_URI,
    CSP_FORM_ACTION,
    CSP_FRAME_ANCESTORS,
    CSP_SANDBOX,
    CSP_REPORT_URI,
    CSP_REPORT_TO,
    CSP_UPGRADE_INSECURE_REQUESTS,
    CSP_BLOCK_ALL_MIXED_CONTENT,
    CSP_REQUIRE_TRUSTED_TYPES_FOR,
    CSP_TRUSTED_TYPES,
    CSP_DIRECTIVES
};

enum csp_source {
    CSP_SELF = 1 << 0,
    CSP_UNSAFE_INLINE = 1 << 1, /* in effect: no nonce, hash or strict-dynamic switches it off */
    CSP_UNSAFE_EVAL = 1 << 2,
    CSP_WASM_EVAL = 1 << 3,
    CSP_UNSAFE_HASHES = 1 << 4,
    CSP_STRICT_DYNAMIC = 1 << 5,
    CSP_NONCE = 1 << 6,
    CSP_HASH = 1 << 7,
    CSP_DATA = 1 << 8,
    CSP_BLOB = 1 << 9,
    CSP_BROAD = 1 << 10,    /* a star, "https:" and the like: any host */
    CSP_HTTP = 1 << 11,     /* a source that begins with http: or ftp: */
    CSP_HOST = 1 << 12,     /* any other host or scheme */
    CSP_ANYTHING = 1 << 13, /* no directive restricts this; all other bits are set, too */
    CSP_ALL = (1 << 14) - 1,
};

enum csp_fault {
    CSP_FAULT_EMPTY = 1,       /* a policy without a directive */
    CSP_FAULT_DUPLICATE = 2,   /* a directive twice in one policy: browsers ignore the second */
    CSP_FAULT_UNKNOWN = 4,     /* a directive that no one knows */
    CSP_FAULT_META = 8,        /* frame-ancestors, report-uri, sandbox in <meta>: ignored there */
    CSP_FAULT_NONE_MIXED = 16, /* 'none' besides other sources: it is ignored then */
    CSP_FAULT_QUOTES = 32,     /* self, none … without quotes: they are host names then */
    CSP_FAULT_NO_NONCE = 64,   /* 'strict-dynamic' without nonce or hash: no script runs */
};

struct csp {
    unsigned policies; /* enforced, from fields and <meta> */
    unsigned meta;     /* of them, from <meta> */
    unsigned report_only;
    unsigned faults;                  /* CSP_FAULT_*, of the enforced ones */
    uint32_t present;                 /* bit of each directive that an enforced policy has */
    uint32_t in_field;                /* … that a policy in a field has */
    uint16_t sources[CSP_DIRECTIVES]; /* CSP_*; 0: nothing is allowed ('none') */
};

enum csp_origin { CSP_FIELD, CSP_META, CSP_REPORT_ONLY };

void csp_init(struct csp *c);
/* Adds what one field value (a list of policies) or one <meta> element's content (one policy) says. */
void csp_add(struct csp *c, struct str value, enum csp_origin origin);

static inline bool csp_has(const struct csp *c, enum csp_directive d)
{
    return c->present >> d & 1;
}

/* The HTTP Observatory's order of verdicts, worst first but for the two ends. */
enum csp_verdict {
    CSP_NOT_IMPLEMENTED,
    CSP_REPORTING_ONLY,
    CSP_INVALID,
    CSP_ALLOWS_INLINE_SCRIPT, /* unsafe-inline or data: for scripts, or any host for scripts, objects */
    CSP_ALLOWS_HTTP,          /* http: or ftp: for active content */
    CSP_ALLOWS_EVAL,
    CSP_ALLOWS_HTTP_PASSIVE, /* only for images and media */
    CSP_ALLOWS_INLINE_STYLE, /* only for styles */
    CSP_NO_UNSAFE,
    CSP_NO_UNSAFE_DEFAULT_NONE,
};

/* https: whether the page came that way (http: sources are nothing special otherwise). */
enum csp_verdict csp_judge(const struct csp *c, bool https);
const char *csp_directive_name(enum csp_directive d);

#endif
