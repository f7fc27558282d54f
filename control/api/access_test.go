package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
)

// path fills the parameters of an operation with something.
func (o operation) example() string {
	return regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(o.path, "1")
}

// need is what this test holds an operation to need, found by other means than the
// route's own mark: whoever adds a route that fits no line here must say what it needs.
func (o operation) need() string {
	read := o.method == "GET" || slices.Contains([]string{"/api/v1/explain", "/api/v1/explain/batch", "/api/v1/preview", "/api/v1/lines/match", "/api/v1/changes/file"}, o.path)
	is := func(prefix string) bool { return strings.HasPrefix(o.path, "/api/v1/"+prefix) }
	switch {
	case o.method == "POST" && o.path == "/api/v1/session", is("session/methods"), is("session/oidc"):
		return "none"
	case is("session"): // the own ones
		return "any"
	case is("users"), is("audit"), is("nats-config"), is("keys") && !read, is("nodes") && !read, is("history/retention") && !read, is("alerts/") && !read && !is("alerts/active") && !is("alerts/mutes"), is("backup"), is("restore"):
		return "admin"
	case is("tokens"): // own ones for users; the handlers hold programs to admin
		return "own"
	case is("queries/tail"): // single queries of single clients
		return "operator"
	case read:
		return "viewer"
	}
	return "operator"
}

// TestEveryRouteKnowsWhoMayCall walks every operation with every kind of caller.
func TestEveryRouteKnowsWhoMayCall(t *testing.T) {
	t.Parallel()
	w := start(t)
	if len(w.doc.operations) < 80 {
		t.Fatalf("only %d operations in the document", len(w.doc.operations))
	}
	w.tokens["forged"], w.tokens["empty"], w.cookies["forged session"] = "mrd_"+strings.Repeat("A", 43), "", "mrs_"+strings.Repeat("A", 43)
	w.tokens["scoped"] = w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"scoped","role":"operator","labels":{"team":"web"}}`).want(201).json()["token"].(string)
	w.tokens["revoked"] = w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"revoked","role":"admin"}`).want(201).json()["token"].(string)
	w.do(auth.Admin, "DELETE", "/api/v1/tokens/revoked", "").want(200)
	for name, grants := range map[string]string{"vera": `[{"role":"viewer"}]`, "olga": `[{"role":"operator"}]`, "sam": `[{"role":"operator","labels":{"team":"web"}}]`,
		"dora": `[{"role":"admin"}]`, "out": `[{"role":"admin"}]`, "old": `[{"role":"admin"}]`, "personal": `[{"role":"admin"}]`} {
		w.user(name, grants)
	}
	w.tokens["of out"] = w.do("out", "POST", "/api/v1/tokens", `{"name":"of-out","personal":true}`).want(201).json()["token"].(string)
	w.do(auth.Admin, "POST", "/api/v1/users/out/disable", "").want(200)
	w.tokens["of vera"] = w.do("vera", "POST", "/api/v1/tokens", `{"name":"of-vera","personal":true}`).want(201).json()["token"].(string)
	// A session that has lasted its time; the others begin anew after it.
	later := w.now.Load().Add(auth.SessionMost)
	w.now.Store(&later)
	for _, name := range []string{"vera", "olga", "sam", "dora"} {
		w.signIn(name)
	}
	type caller struct {
		name auth.Role
		has  string // highest role, "" for one who is not let in
		on   bool   // on everything
		user bool
	}
	callers := []caller{{"", "", false, false}, {"forged", "", false, false}, {"empty", "", false, false}, {"revoked", "", false, false}, {"forged session", "", false, false},
		{"old", "", false, true}, {"out", "", false, true}, {"of out", "", false, false},
		{auth.Viewer, "viewer", true, false}, {auth.Operator, "operator", true, false}, {"scoped", "operator", false, false},
		{"vera", "viewer", true, true}, {"olga", "operator", true, true}, {"sam", "operator", false, true}, {"of vera", "viewer", true, false}}
	level := map[string]int{"none": 0, "any": 1, "viewer": 2, "operator": 3, "admin": 4}
	for _, o := range w.doc.operations {
		need := o.need()
		mark, scoped := o.raw["x-meridian-role"], o.raw["x-meridian-scoped"] == true
		if want := map[bool]string{true: "viewer", false: need}[need == "own"]; mark != want {
			t.Errorf("%s %s is marked %v, needs %s", o.method, o.path, mark, want)
		}
		security, _ := o.raw["security"].([]any)
		if text := fmt.Sprint(o.raw["description"]); (need == "none") != (len(security) == 0) || need != "own" && need != "none" && need != "any" && !strings.Contains(text, "role "+need) || text == "" {
			t.Errorf("%s %s: security %v, description %s", o.method, o.path, security, text)
		}
		if strings.HasSuffix(o.path, "/stream") {
			continue // does not end; TestStream reads it as a viewer
		}
		if o.method == "DELETE" && (o.path == "/api/v1/sessions" || o.path == "/api/v1/session") {
			continue // would shut the callers out; TestSessions ends its own
		}
		for _, c := range callers {
			later = later.Add(time.Second) // wrong tokens one a second are not held up
			w.now.Store(&later)
			r := w.do(c.name, o.method, o.example(), "{}")
			switch {
			case need == "none":
				if r.status == 401 && c.has != "" || r.status == 403 {
					t.Errorf("%s as %s: status %d", r.what, c.name, r.status)
				}
			case c.has == "":
				if r.problem(401, "unauthorized"); r.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: no WWW-Authenticate", r.what)
				}
			default:
				allowed := need == "own" && (c.user || c.name == "of vera" && o.method != "POST") || need != "own" && level[c.has] >= level[need] && (c.on || need != "operator" || scoped)
				switch refused := r.status == 403; {
				case r.status == 401:
					t.Errorf("%s as %s is not known: %s", r.what, c.name, r.body)
				case !allowed:
					r.problem(403, "forbidden", c.has)
				case refused && (c.on || !scoped): // the object may be out of a scoped one's reach
					t.Errorf("%s as %s is refused: %s", r.what, c.name, r.body)
				}
			}
		}
		// An admin meets no refusal anywhere.
		for _, admin := range []auth.Role{auth.Admin, "dora"} {
			if o.method == "DELETE" {
				break // nothing that other rows need shall go
			}
			if r := w.do(admin, o.method, o.example(), "{}"); r.status == 401 && need != "none" || r.status == 403 {
				t.Errorf("%s as %s: status %d: %s", r.what, admin, r.status, r.body)
			}
		}
	}
	// What does not exist tells outsiders nothing either.
	w.do("", "GET", "/api/v1/nothing", "").problem(401, "unauthorized")
	w.do("", "DELETE", "/api/v1/pools", "").problem(401, "unauthorized")
}

// TestTheDocumentIsWhole: its references lead somewhere, ids are single, every
// parameter of a path is described, and the routes that users hold on to are there.
func TestTheDocumentIsWhole(t *testing.T) {
	t.Parallel()
	w := start(t)
	if v := w.doc.raw["openapi"]; v != "3.1.0" {
		t.Errorf("openapi %v", v)
	}
	schemas := w.doc.raw["components"].(map[string]any)["schemas"].(map[string]any)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if _, ok := schemas[strings.TrimPrefix(ref, "#/components/schemas/")]; !ok {
					t.Errorf("reference %s leads nowhere", ref)
				}
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(w.doc.raw)
	ids := map[string]bool{}
	var have []string
	for _, o := range w.doc.operations {
		id := o.raw["operationId"].(string)
		if ids[id] {
			t.Errorf("operation id %s stands twice", id)
		}
		ids[id] = true
		have = append(have, o.method+" "+o.path)
		params, _ := o.raw["parameters"].([]any)
		for _, name := range regexp.MustCompile(`\{([a-z]+)\}`).FindAllStringSubmatch(o.path, -1) {
			if !slices.ContainsFunc(params, func(p any) bool {
				m := p.(map[string]any)
				return m["in"] == "path" && m["name"] == name[1] && m["description"] != nil
			}) {
				t.Errorf("%s %s: parameter %s is not described", o.method, o.path, name[1])
			}
		}
		if o.raw["security"] == nil && o.need() != "none" || o.raw["summary"] == "" {
			t.Errorf("%s %s: no security or summary", o.method, o.path)
		}
	}
	want := []string{"GET settings", "PUT settings", "PATCH settings", "POST changes", "POST explain", "GET status", "GET stream", "GET events", "GET health",
		"GET revisions", "GET revisions/{number}", "POST revisions/{number}/rollback", "POST revisions/{number}/revert", "GET nodes", "GET nodes/{id}", "GET vantages", "GET vantages/{id}", "GET users", "POST users", "PUT users/{name}/password", "GET audit", "POST session", "GET session", "DELETE session", "GET tokens", "POST tokens", "DELETE tokens/{name}",
		"GET builtin-lines", "GET zones/{name}/file", "PUT zones/{name}/file"}
	for _, k := range []string{"zones", "records", "access-domains", "pools", "addresses", "templates", "lines", "assertions"} {
		want = append(want, "GET "+k, "POST "+k, "GET "+k+"/{name}", "PUT "+k+"/{name}", "PATCH "+k+"/{name}", "DELETE "+k+"/{name}")
	}
	for _, r := range want {
		m, p, _ := strings.Cut(r, " ")
		if !slices.Contains(have, m+" /api/v1/"+p) {
			t.Errorf("%s is not in the document", r)
		}
	}
}

// TestEveryServedPathIsInTheDocument asks each path of the document with every
// method: what it does not list is refused with 405.
func TestEveryServedPathIsInTheDocument(t *testing.T) {
	t.Parallel()
	w := start(t)
	listed := map[string][]string{}
	for _, o := range w.doc.operations {
		listed[o.path] = append(listed[o.path], o.method)
	}
	for _, o := range w.doc.operations {
		for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			if slices.Contains(listed[o.path], m) {
				continue
			}
			if other, ok := w.doc.find(m, o.example()); ok && other.path != o.path {
				continue // .../{type} takes what .../graph does not
			}
			r := w.do(auth.Admin, m, o.example(), "{}").problem(405, "method_not_allowed")
			for _, a := range listed[o.path] {
				if !strings.Contains(r.header.Get("Allow"), a) {
					t.Errorf("%s: Allow is %q, lacks %s", r.what, r.header.Get("Allow"), a)
				}
			}
		}
	}
	w.do(auth.Admin, "GET", "/api/v1/nothing", "").problem(404, "no_such_path")
}

func TestDocsPageNeedsNothingFromOutside(t *testing.T) {
	t.Parallel()
	w := start(t)
	r := w.do("", "GET", "/api/docs", "").want(200)
	page := string(r.body)
	for _, bad := range []string{"<script", "http://", "https://", "@import", "url("} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, good := range []string{"/api/v1/access-domains/{name}", "Idempotency-Key", `id="Pool"`, "failure_rate"} {
		if !strings.Contains(page, good) {
			t.Errorf("the page lacks %q", good)
		}
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	sum := sha256.Sum256([]byte(style[1]))
	if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("policy %q does not fit the page's style", csp)
	}
}

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`, "Sec-Fetch-Site", "cross-site").problem(403, "cross_origin")
	w.do(auth.Operator, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`, "Origin", "https://evil.example").problem(403, "cross_origin")
	w.do(auth.Operator, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`, "Sec-Fetch-Site", "same-origin").want(201)
	list := w.do(auth.Viewer, "GET", "/api/v1/revisions", "").want(200).json()
	rev := list["items"].([]any)[0].(map[string]any)
	if principal, _ := rev["principal"].(string); rev["source"] != "console" || rev["remote"] != "127.0.0.1" || !strings.HasPrefix(principal, "token-") {
		t.Errorf("revision %v", rev)
	}
}

func TestTokensFromCreationToRevocation(t *testing.T) {
	t.Parallel()
	w := start(t)
	made := w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"ci","role":"viewer","expires_in":"1h"}`).want(201).json()
	w.tokens["ci"] = made["token"].(string)
	if made["expires_at"] != "2026-11-22T13:00:00Z" || made["created_by"] != "admin" {
		t.Errorf("made %v", made)
	}
	w.do("ci", "GET", "/api/v1/pools", "").want(200)
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"ci","role":"viewer"}`).problem(409, "exists")
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"x","role":"god"}`).problem(422, "invalid", `"field":"role"`, "admin, operator, viewer")
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"x"}`).problem(422, "invalid", `"field":"role"`, "admin, operator, viewer")
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"x","role":"viewer","labels":{"a":"b"}}`).problem(422, "invalid", "operator only")
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"x","role":"viewer","grants":[{"role":"viewer"}]}`).problem(422, "invalid", "beside")
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"x","grants":[{"role":"operator","labels":{"a,b":"c"}}]}`).problem(422, "invalid", "no object can have")
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"x","role":"viewer","expires_in":"soon"}`).problem(422, "invalid", "expires_in")
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"role":"viewer"}`).problem(422, "invalid", `"field":"name"`)

	list := w.do(auth.Admin, "GET", "/api/v1/tokens", "").want(200)
	if got := list.names(); fmt.Sprint(got) != "[admin ci operator viewer]" || bytes.Contains(list.body, []byte("mrd_")) {
		t.Errorf("list %v: %s", got, list.body)
	}
	later := w.now.Load().Add(time.Hour)
	w.now.Store(&later)
	w.do("ci", "GET", "/api/v1/pools", "").problem(401, "unauthorized") // expired

	w.do(auth.Admin, "DELETE", "/api/v1/tokens/operator", "").want(200)
	w.do(auth.Operator, "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.do(auth.Admin, "DELETE", "/api/v1/tokens/operator", "").problem(404, "not_found")
	w.do(auth.Admin, "DELETE", "/api/v1/tokens/admin", "").problem(409, "last_admin")
	w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"second","role":"admin"}`).want(201)
	w.do(auth.Admin, "DELETE", "/api/v1/tokens/admin", "").want(200)

	w.tokens["ci"] = "" // events are for viewers
	events := w.do(auth.Viewer, "GET", "/api/v1/events?kind=token&subject=ci", "").want(200).json()["items"].([]any)
	if len(events) != 1 || !strings.Contains(events[0].(map[string]any)["text"].(string), "role viewer by admin") {
		t.Errorf("events %v", events)
	}
	if strings.Contains(w.log.String(), "mrd_") {
		t.Error("the log holds a token")
	}
}

func TestOneLogLinePerRequest(t *testing.T) {
	t.Parallel()
	w := start(t)
	before := strings.Count(w.log.String(), `"msg":"request"`)
	r := w.do(auth.Viewer, "GET", "/api/v1/pools?q=secret-text", "").want(200)
	log := w.log.String()
	if n := strings.Count(log, `"msg":"request"`) - before; n != 1 {
		t.Errorf("%d lines", n)
	}
	last := log[strings.LastIndex(strings.TrimSpace(log), "\n")+1:]
	for _, part := range []string{`"path":"/api/v1/pools"`, `"status":200`, `"who":"viewer"`, `"method":"GET"`, r.header.Get("X-Request-Id")} {
		if !strings.Contains(last, part) {
			t.Errorf("the line lacks %s: %s", part, last)
		}
	}
	if strings.Contains(last, "secret-text") {
		t.Errorf("the line holds the query: %s", last)
	}
}

func TestHealthyWithoutBody(t *testing.T) {
	t.Parallel()
	w := start(t)
	if r := w.do(auth.Viewer, http.MethodHead, "/api/v1/pools", ""); r.status != 200 || len(r.body) != 0 {
		t.Errorf("HEAD: %d %s", r.status, r.body)
	}
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	w := start(t)
	r := w.do(auth.Admin, "POST", "/api/v1/nodes", `{"role":"prober","vantage":"bj-1","labels":{"country":"CN"}}`).want(201).json()
	if r["token"] != "mrd1.x" || w.inviter.asked.Vantage != "bj-1" || w.inviter.by != "admin" {
		t.Errorf("%v %+v", r, w.inviter)
	}
	w.do(auth.Admin, "POST", "/api/v1/nodes", `{"role":"king"}`).problem(422, "invalid", "resolver, prober")
	w.do(auth.Admin, "POST", "/api/v1/nodes", `{"node":"x"}`).problem(422, "invalid", "role")
	w.do(auth.Admin, "POST", "/api/v1/nodes", `{"again":true}`).problem(422, "invalid", "node")
	w.do(auth.Admin, "POST", "/api/v1/nodes", `{"node":"n1","again":true}`).want(201)
	w.do(auth.Admin, "PATCH", "/api/v1/nodes/n1", `{"labels":{"isp":"telecom"}}`).want(200)
	if w.inviter.asked.Labels["isp"] != "telecom" {
		t.Errorf("%+v", w.inviter.asked)
	}
	w.do(auth.Admin, "PATCH", "/api/v1/nodes/n2", `{"labels":{}}`).problem(404, "not_found")
	w.do(auth.Admin, "PATCH", "/api/v1/nodes/n1", `{"labels":{"a b":"x"}}`).problem(422, "invalid", "labels.a b")
	if r := w.do(auth.Admin, "DELETE", "/api/v1/nodes/n1", "").want(200).json(); r["note"] != "reload" {
		t.Errorf("%v", r)
	}
	if r := w.do(auth.Admin, "POST", "/api/v1/keys/rotate", `{"revoke":true}`).want(200).json(); r["serial"] != 1.0 {
		t.Errorf("%v", r)
	}
	w.do(auth.Viewer, "GET", "/api/v1/keys", "").want(200)
	if r := w.do(auth.Admin, "GET", "/api/v1/nats-config", "").want(200); string(r.body) != "users = []\n" {
		t.Errorf("%s", r.body)
	}
	w.do(auth.Admin, "DELETE", "/api/v1/nodes/n2", "").problem(404, "not_found")
}

// TestScopedTokens shows what a scoped operator meets at the API: writes within its
// labels, refusals that name the object and what is needed, and nothing beyond objects.
func TestScopedTokens(t *testing.T) {
	t.Parallel()
	w := start(t)
	made := w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"web","role":"operator","labels":{"team":"web"}}`).want(201).json()
	w.tokens["web"] = made["token"].(string)
	if made["role"] != "operator" || fmt.Sprint(made["grants"]) != "[map[labels:map[team:web] role:operator]]" {
		t.Errorf("made %v", made)
	}
	w.do(auth.Operator, "POST", "/api/v1/addresses", `{"name":"db-1","address":"192.0.2.1","labels":{"team":"db"}}`).want(201)
	w.do("web", "POST", "/api/v1/addresses", `{"name":"web-1","address":"192.0.2.2","labels":{"team":"web"}}`).want(201)
	w.do("web", "PATCH", "/api/v1/addresses/web-1", `{"remark":"x"}`).want(200)
	w.do("web", "PATCH", "/api/v1/addresses/db-1", `{"remark":"x"}`).problem(403, "forbidden", "Address db-1 is out of reach", "team=db", "operator:team=web", `"name":"db-1"`)
	w.do("web", "PATCH", "/api/v1/addresses/db-1?dry_run=true", `{"remark":"x"}`).problem(403, "forbidden")
	w.do("web", "PUT", "/api/v1/settings", `{"nameservers":["ns1.example.net."]}`).problem(403, "forbidden", "shared by all")
	w.do("web", "POST", "/api/v1/changes", `{"put":[{"kind":"address","body":{"name":"web-2","address":"192.0.2.3","labels":{"team":"web"}}}],"delete":[{"kind":"address","name":"db-1"}]}`).problem(403, "forbidden", "db-1")
	w.do("web", "GET", "/api/v1/addresses/web-2", "").problem(404, "not_found")
	w.do("web", "GET", "/api/v1/addresses/db-1", "").want(200)
	w.do("web", "POST", "/api/v1/preview", `{"delete":[{"kind":"address","name":"db-1"}]}`).want(200) // a viewer may, too
	for _, o := range w.doc.operations {
		if o.raw["x-meridian-role"] == "operator" && o.raw["x-meridian-scoped"] != true {
			w.do("web", o.method, o.example(), "{}").problem(403, "forbidden", "on everything")
		}
		if o.raw["x-meridian-role"] == "admin" {
			w.do("web", o.method, o.example(), "{}").problem(403, "forbidden", "operator")
		}
	}
}
