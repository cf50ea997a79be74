/* The functions behind the rows of checks_http.c, by what they look at. */
#ifndef AUDIT_CHECKS_HTTP_PART_H
#define AUDIT_CHECKS_HTTP_PART_H

#include "audit/check_say.h"
#include "audit/view.h"

typedef void check_http_fn(const struct audit_view *v, struct finding *ret);

/* checks_http_stripping.c: how a visitor comes to https, and stays there */
check_http_fn check_redirect, check_hsts, check_hsts_preload, check_stripping;
/* checks_http_policy.c: what the page's fields allow */
check_http_fn check_csp, check_frame_options, check_content_type_options, check_referrer_policy,
    check_permissions_policy, check_cross_origin, check_cors, check_security_headers;
/* checks_http_page.c: cookies, and what the page loads and sends */
check_http_fn check_cookies, check_sri, check_mixed_content, check_http_forms;
/* checks_http_server.c: what the answers say of the server */
check_http_fn check_banners, check_clock_skew, check_hpkp, check_expect_ct, check_breach,
    check_truncation, check_opossum, check_http_lenient, check_alt_svc;

#define CHECK_HTTP_NO_PAGE "No answer over https was seen."
/* The page that https leads to; NULL: none, and the finding says so. */
static inline const struct http_facts *check_http_page(const struct audit_view *v,
                                                       struct finding *ret)
{
    ret->evidence = v->https_evidence;
    if (v->http && v->http->https && v->http->page)
        return v->http;
    finding_untestable(ret, CHECK_HTTP_NO_PAGE);
    return NULL;
}

#endif
