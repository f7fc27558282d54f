package api_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/meridian-gtm/meridian/control/auth"
)

// plainWrites are the operations that take no idempotency key, and as a rule no If-Match,
// each with the reason for which a repeat or a race does no harm.
var plainWrites = map[string]string{
	"POST /api/v1/explain":                          "it reads",
	"POST /api/v1/preview":                          "it reads",
	"POST /api/v1/changes/file":                     "it reads",
	"POST /api/v1/restore":                          "a repeat gives the same state again",
	"PUT /api/v1/history/retention":                 "it is given whole",
	"POST /api/v1/alerts/active/{id}/acknowledge":   "a repeat says the same",
	"DELETE /api/v1/alerts/active/{id}/acknowledge": "a repeat says the same",
	"POST /api/v1/alerts/mutes":                     "two alike mute as one does",
	"DELETE /api/v1/alerts/mutes/{id}":              "a repeat is 404",
	"POST /api/v1/alerts/channels/{name}/test":      "each sends a message, which is what was asked for",
	"DELETE /api/v1/alerts/domains/{name}/{type}":   "a repeat changes nothing",
	"PUT /api/v1/alerts/settings":                   "it is given whole, under a version",
	"PATCH /api/v1/alerts/settings":                 "a repeat sets the same, or its version is gone",
	"PUT /api/v1/alerts/channels/{name}":            "it is given whole, under a version",
	"DELETE /api/v1/alerts/channels/{name}":         "a repeat is 404",
	"PUT /api/v1/alerts/domains/{name}/{type}":      "it is given whole, under a version",
	"POST /api/v1/nodes":                            "an id is invited once; a repeat is 409",
	"PATCH /api/v1/nodes/{id}":                      "the labels are given whole",
	"DELETE /api/v1/nodes/{id}":                     "a repeat is 404",
	"POST /api/v1/keys/rotate":                      "a repeat puts one more key in force, which nodes follow too",
	"POST /api/v1/tokens":                           "a name is given once; a repeat is 409, and the token is shown but once",
	"DELETE /api/v1/tokens/{name}":                  "a repeat is 404",
	"POST /api/v1/users":                            "a name is given once; a repeat is 409",
	"DELETE /api/v1/users/{name}":                   "a repeat is 404",
	"PUT /api/v1/users/{name}/grants":               "grants are given whole",
	"PUT /api/v1/users/{name}/password":             "a repeat sets the same",
	"POST /api/v1/users/{name}/disable":             "a repeat changes nothing",
	"POST /api/v1/users/{name}/enable":              "a repeat changes nothing",
	"DELETE /api/v1/users/{name}/sessions":          "a repeat finds none",
	"POST /api/v1/session":                          "each makes a session of its own",
	"DELETE /api/v1/session":                        "a repeat finds none",
	"PUT /api/v1/session/password":                  "it names the password that it replaces",
	"DELETE /api/v1/sessions":                       "a repeat finds none",
	"DELETE /api/v1/sessions/{id}":                  "a repeat is 404",
	"POST /api/v1/lines/match":                      "it reads",
	"POST /api/v1/explain/batch":                    "it reads",
}

// TestEveryWriteCanBeGuardedAndRepeated walks the document: what writes configuration
// takes If-Match, an idempotency key and dry_run; what does not is listed with its
// reason, and refuses the headers in place of leaving them aside.
func TestEveryWriteCanBeGuardedAndRepeated(t *testing.T) {
	t.Parallel()
	w := start(t)
	left := maps.Clone(plainWrites)
	guarded := 0
	for _, o := range w.doc.operations {
		if o.method == "GET" {
			continue
		}
		takes := map[string]bool{}
		params, _ := o.raw["parameters"].([]any)
		for _, p := range params {
			takes[p.(map[string]any)["name"].(string)] = true
		}
		name := o.method + " " + o.path
		reason, plain := left[name]
		delete(left, name)
		if !plain {
			guarded++
			for _, want := range []string{"If-Match", "Idempotency-Key", "dry_run"} {
				if !takes[want] && (want == "Idempotency-Key" || name != "POST /api/v1/failback") { // it has no version, and nothing to show beforehand
					t.Errorf("%s does not take %s; let it, or add it to plainWrites with the reason", name, want)
				}
			}
			continue
		}
		if reason == "it reads" {
			continue
		}
		for _, h := range []string{"If-Match", "If-None-Match", "Idempotency-Key"} {
			if takes[h] {
				continue
			}
			w.do(auth.Admin, o.method, o.example(), "{}", h, "*").problem(422, "invalid", h)
		}
	}
	if guarded < 40 {
		t.Errorf("only %d operations are guarded", guarded)
	}
	for name := range left {
		t.Errorf("%s is in plainWrites and not in the document", name)
	}
}

// TestEveryKindIsGuardedAlike: create, replace, change and delete of each kind hold to
// the version, do a repeat once, and do nothing on a dry run.
func TestEveryKindIsGuardedAlike(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/changes", `{"put":[{"kind":"address","body":{"name":"base","address":"192.0.2.1"}},{"kind":"pool","body":{"name":"base","members":[{"address":"base"}]}},
		{"kind":"zone","body":{"name":"example.com"}},{"kind":"access_domain","body":{"name":"base.example.com","type":"A","pools":[{"pool":"base"}]}}]}`).want(200)
	head := func() any {
		return w.do(op, "GET", "/api/v1/status", "").want(200).json()["position"].(map[string]any)["revision"]
	}
	for _, k := range []struct{ path, name, body string }{
		{"lines", "x", `{"name":"x","cidrs":["192.0.2.0/24"]%s}`},
		{"templates", "x", `{"name":"x","protocol":"ping"%s}`},
		{"addresses", "x", `{"name":"x","address":"192.0.2.9"%s}`},
		{"pools", "x", `{"name":"x","members":[{"address":"base"}]%s}`},
		{"zones", "example.net", `{"name":"example.net"%s}`},
		{"records", "example.com/x/TXT", `{"zone":"example.com","name":"x","type":"TXT","data":["\"x\""]%s}`},
		{"access-domains", "x.example.com/A", `{"name":"x.example.com","type":"A","pools":[{"pool":"base"}]%s}`},
		{"assertions", "base.example.com/A", `{"name":"base.example.com","type":"A","expect":{"pool":"base"}%s}`},
	} {
		base := "/api/v1/" + k.path
		one := base + "/" + k.name
		plain, other := fmt.Sprintf(k.body, ""), fmt.Sprintf(k.body, `,"remark":"other"`)
		at := head()
		w.do(op, "POST", base+"?dry_run=true", plain).want(200)
		if head() != at {
			t.Errorf("%s: a dry run made a revision", k.path)
		}
		made := w.do(op, "POST", base, plain, "Idempotency-Key", k.path+"1").want(201)
		again := w.do(op, "POST", base, plain, "Idempotency-Key", k.path+"1").want(201)
		if made.header.Get("ETag") != again.header.Get("ETag") {
			t.Errorf("%s: a repeat of the creation is %s, was %s", k.path, again.body, made.body)
		}
		w.do(op, "POST", base, plain).problem(409, "exists")
		first := made.header.Get("ETag")
		w.do(op, "PUT", one, other, "If-None-Match", "*").problem(409, "exists")
		second := w.do(op, "PUT", one, other, "If-Match", first).want(200).header.Get("ETag")
		stale := [][2]string{{"PUT", plain}, {"PATCH", `{"remark":"late"}`}, {"DELETE", ""}}
		for _, s := range stale {
			w.do(op, s[0], one, s[1], "If-Match", first).problem(412, "version_mismatch")
			w.do(op, s[0], one+"?dry_run=true", s[1], "If-Match", first).problem(412, "version_mismatch")
			w.do(op, s[0], one, s[1], "If-Match", "x").problem(422, "invalid", "If-Match")
		}
		third := w.do(op, "PATCH", one, `{"remark":"third"}`, "If-Match", second, "Idempotency-Key", k.path+"2").want(200)
		if r := w.do(op, "PATCH", one, `{"remark":"third"}`, "If-Match", second, "Idempotency-Key", k.path+"2").want(200); r.header.Get("ETag") != third.header.Get("ETag") {
			t.Errorf("%s: a repeat of the change is %s", k.path, r.body)
		}
		gone := w.do(op, "DELETE", one, "", "If-Match", third.header.Get("ETag"), "Idempotency-Key", k.path+"3").want(200).json()["revision"]
		if r := w.do(op, "DELETE", one, "", "If-Match", third.header.Get("ETag"), "Idempotency-Key", k.path+"3").want(200).json()["revision"]; r != gone {
			t.Errorf("%s: a repeat of the deletion is revision %v, was %v", k.path, r, gone)
		}
		w.do(op, "DELETE", one, "").problem(404, "not_found")
	}
	// What is in use stays, and its users are named.
	for path, users := range map[string][]string{"/api/v1/addresses/base": {"pool base"}, "/api/v1/pools/base": {"access_domain base.example.com/A"}, "/api/v1/zones/example.com": {"access_domain base.example.com/A"}} {
		r := w.do(op, "DELETE", path, "").problem(409, "in_use", users...)
		if e := r.json()["errors"].([]any); !slices.ContainsFunc(e, func(x any) bool { return x.(map[string]any)["code"] == "in_use" }) {
			t.Errorf("%s: %s", path, r.body)
		}
	}
}
