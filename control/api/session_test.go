package api_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
)

const battery = "correct horse battery"

// post signs in without a role, as a browser does.
func (w *world) post(path, body string, extra ...string) *reply {
	w.t.Helper()
	return w.do("", "POST", "/api/v1"+path, body, append([]string{"Content-Type", "application/json"}, extra...)...)
}

func (w *world) pass(d time.Duration) {
	later := w.now.Load().Add(d)
	w.now.Store(&later)
}

func TestFirstUser(t *testing.T) {
	t.Parallel()
	w := start(t)
	body := func(token, name string) string {
		return fmt.Sprintf(`{"token":%q,"name":%q,"password":%q}`, token, name, battery)
	}
	w.post("/session", body(w.tokens[auth.Operator], "ann")).problem(401, "wrong_credentials", "role admin")
	w.post("/session", body("mrd_"+strings.Repeat("A", 43), "ann")).problem(401, "wrong_credentials")
	w.post("/session", fmt.Sprintf(`{"token":%q,"name":"ann","password":"short"}`, w.tokens[auth.Admin])).problem(422, "invalid", "12 characters")
	w.post("/session", body(w.tokens[auth.Admin], "user-1")).problem(422, "invalid", "must not begin with user-")
	r := w.post("/session", body(w.tokens[auth.Admin], "ann")).want(201)
	w.cookies["ann"] = r.cookie()
	if v := r.json(); v["role"] != "admin" || v["kind"] != "user" || v["name"] != "ann" {
		t.Errorf("signed in as %s", r.body)
	}
	w.do("ann", "GET", "/api/v1/tokens", "").want(200)
	w.post("/session", body(w.tokens[auth.Admin], "eve")).problem(409, "users_exist")
	// The token goes, since a user can administer; then the user is the last.
	w.do("ann", "DELETE", "/api/v1/tokens/admin", "").want(200)
	for _, try := range []struct{ method, path, body string }{{"POST", "/users/ann/disable", ""}, {"DELETE", "/users/ann", ""}, {"PUT", "/users/ann/grants", `{"role":"operator"}`}} {
		w.do("ann", try.method, "/api/v1"+try.path, try.body).problem(409, "last_admin")
	}
	w.do("ann", "GET", "/api/v1/tokens", "").want(200)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.user("ann", `[{"role":"operator"}]`)
	who := w.do("ann", "GET", "/api/v1/session", "").want(200).json()
	if who["name"] != "ann" || who["role"] != "operator" || who["session"].(map[string]any)["remote"] != "127.0.0.1" {
		t.Errorf("who am I: %v", who)
	}
	if who := w.do(auth.Viewer, "GET", "/api/v1/session", "").want(200).json(); who["kind"] != "token" || who["session"] != nil {
		t.Errorf("a token: %v", who)
	}
	w.do("ann", "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	rev := w.do("ann", "GET", "/api/v1/revisions/1", "").want(200).json()
	if id, _ := rev["principal"].(string); rev["author"] != "ann" || !strings.HasPrefix(id, "user-") {
		t.Errorf("revision %v", rev)
	}
	// Unknown, wrong, disabled and odd names get one answer.
	w.user("bob", `[{"role":"viewer"}]`)
	w.do(auth.Admin, "POST", "/api/v1/users/bob/disable", "").want(200)
	w.do("bob", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	var first []byte
	for _, body := range []string{`{"name":"ann","password":"wrong horse battery"}`, `{"name":"nobody","password":"correct horse battery"}`, `{"name":"bob","password":"correct horse battery"}`,
		`{"name":"` + who["id"].(string) + `","password":"correct horse battery"}`, `{"name":"%_","password":"x"}`} {
		r := w.post("/session", body).problem(401, "wrong_credentials")
		got := bytes.ReplaceAll(r.body, []byte(r.header.Get("X-Request-Id")), nil)
		if first == nil {
			first = got
		}
		if !bytes.Equal(got, first) || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %s", body, r.body)
		}
	}
	w.do(auth.Admin, "POST", "/api/v1/users/bob/enable", "").want(200)
	w.do("bob", "GET", "/api/v1/pools", "").problem(401, "unauthorized") // the session does not come back
	w.signIn("bob")
	w.post("/session", `{"name":"ANN","password":"correct horse battery"}`).want(201) // people's keyboards

	// What a form of another page could send is not taken, and nothing from other sites is.
	w.do("", "POST", "/api/v1/session", `{"name":"ann","password":"correct horse battery"}`).problem(415, "unsupported_media_type")
	w.do("ann", "POST", "/api/v1/addresses", `{"name":"b","address":"192.0.2.1"}`, "Content-Type", "application/x-www-form-urlencoded").problem(415, "unsupported_media_type")
	w.do("ann", "POST", "/api/v1/addresses", `{"name":"b","address":"192.0.2.1"}`, "Sec-Fetch-Site", "same-site").problem(403, "cross_origin")
	w.post("/session", `{"name":"ann","password":"correct horse battery"}`, "Sec-Fetch-Site", "cross-site").problem(403, "cross_origin")
	r := w.do("ann", "GET", "/api/v1/pools", "", "Origin", "https://evil.example").want(200)
	for name := range r.header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("header %s", name)
		}
	}
	if r.header.Get("X-Frame-Options") != "DENY" || !strings.Contains(r.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("headers %v", r.header)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.user("ann", `[{"role":"viewer"}]`)
	w.user("bob", `[{"role":"viewer"}]`)
	one := w.cookies["ann"]
	w.signIn("ann")
	w.cookies["one"] = one
	list := w.do("ann", "GET", "/api/v1/sessions", "").want(200).json()["items"].([]any)
	if len(list) != 2 {
		t.Fatalf("sessions %v", list)
	}
	var other string
	for _, v := range list {
		if m := v.(map[string]any); m["current"] != true {
			other = m["id"].(string)
		}
	}
	w.do("bob", "DELETE", "/api/v1/sessions/"+other, "").problem(404, "not_found") // others' are nobody's business
	w.do("ann", "DELETE", "/api/v1/sessions/"+other, "").want(200)
	w.do("one", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.do("ann", "GET", "/api/v1/pools", "").want(200)

	// Idle, then the end whatever happens.
	for range 5 {
		w.pass(auth.SessionIdle - time.Minute)
		w.do("ann", "GET", "/api/v1/pools", "").want(200)
	}
	w.do("bob", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.pass(auth.SessionIdle - time.Minute)
	w.do("ann", "GET", "/api/v1/pools", "").want(200)
	w.pass(auth.SessionIdle - time.Minute)
	w.do("ann", "GET", "/api/v1/pools", "").problem(401, "unauthorized")

	w.signIn("ann")
	if c := w.do("ann", "DELETE", "/api/v1/session", "").want(200).cookie(); c != "" {
		t.Errorf("signed out with the cookie %s", c)
	}
	w.do("ann", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.signIn("ann")
	w.cookies["one"] = w.cookies["ann"]
	w.signIn("ann")
	if got := w.do("ann", "DELETE", "/api/v1/sessions", "").want(200).json(); got["ended"].(float64) < 2 {
		t.Errorf("ended %v", got)
	}
	w.do("one", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.signIn("bob")
	if got := w.do(auth.Admin, "GET", "/api/v1/users/bob/sessions", "").want(200).json()["items"].([]any); len(got) != 1 {
		t.Errorf("bob's sessions %v", got)
	}
	w.do(auth.Admin, "DELETE", "/api/v1/users/bob/sessions", "").want(200)
	w.do("bob", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.do(auth.Viewer, "DELETE", "/api/v1/session", "").problem(409, "no_session")
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.user("ann", `[{"role":"viewer"}]`)
	one := w.cookies["ann"]
	w.signIn("ann")
	w.cookies["one"] = one
	change := func(current, next string) *reply {
		return w.do("ann", "PUT", "/api/v1/session/password", fmt.Sprintf(`{"current":%q,"password":%q}`, current, next))
	}
	change("wrong horse battery", "a quite new password").problem(403, "wrong_credentials")
	change(battery, "short").problem(422, "invalid", "12 characters")
	change(battery, "I am ANN and long enough").problem(422, "invalid", "user's name")
	change(battery, "a quite new password").want(200)
	w.do("ann", "GET", "/api/v1/pools", "").want(200)
	w.do("one", "GET", "/api/v1/pools", "").problem(401, "unauthorized") // the other session ended
	w.post("/session", `{"name":"ann","password":"correct horse battery"}`).want(401)
	w.do(auth.Admin, "PUT", "/api/v1/users/ann/password", `{"password":"given by an admin"}`).want(200)
	w.do("ann", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.post("/session", `{"name":"ann","password":"given by an admin"}`).want(201)
	w.do(auth.Admin, "PUT", "/api/v1/users/nobody/password", `{"password":"given by an admin"}`).problem(404, "not_found")
	w.do(auth.Admin, "POST", "/api/v1/users", `{"name":"ann","password":"correct horse battery","role":"viewer"}`).problem(409, "exists")
	w.do(auth.Admin, "POST", "/api/v1/users", `{"name":"Ann B","password":"correct horse battery","role":"viewer"}`).problem(422, "invalid", "a-z")

	// No error body, log line, event or row of the audit holds any of it.
	texts := w.log.String() + string(w.do(auth.Admin, "GET", "/api/v1/audit?limit=1000", "").body) + string(w.do(auth.Admin, "GET", "/api/v1/events?limit=1000", "").body) +
		string(w.do(auth.Admin, "GET", "/api/v1/users", "").body)
	for _, secret := range []string{battery, "a quite new password", "given by an admin", "wrong horse battery", "$argon2id", one} {
		if strings.Contains(texts, secret) {
			t.Errorf("%q is told", secret)
		}
	}
}

// TestGuessing shows the limits: for an account, for a source, and that neither stops
// those who are signed in already.
func TestGuessing(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.user("ann", `[{"role":"viewer"}]`)
	w.user("bob", `[{"role":"viewer"}]`)
	for range 10 {
		w.post("/session", `{"name":"ann","password":"wrong"}`).want(401)
	}
	r := w.post("/session", `{"name":"ann","password":"correct horse battery"}`).problem(429, "too_many_attempts")
	if r.header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
	w.do("ann", "GET", "/api/v1/pools", "").want(200)
	w.signIn("bob")    // another account, good attempts are given back
	for i := range 8 { // with the one that was refused, the source has had 19 of its 20
		w.post("/session", fmt.Sprintf(`{"name":"nobody-%d","password":"wrong"}`, i)).want(401)
	}
	w.post("/session", `{"name":"bob","password":"correct horse battery"}`).want(201)
	w.post("/session", `{"name":"nobody","password":"wrong"}`).want(401)
	w.post("/session", `{"name":"nobody","password":"wrong"}`).want(429)
	w.pass(30 * time.Second)
	w.signIn("ann")

	// Wrong tokens: held up per source, and those known to be good are not.
	w.tokens["wrong"] = "mrd_" + strings.Repeat("B", 43)
	w.do(auth.Viewer, "GET", "/api/v1/pools", "").want(200)
	held := 0
	for range 150 {
		if w.do("wrong", "GET", "/api/v1/pools", "").status == 429 {
			held++
		}
	}
	if held < 40 {
		t.Errorf("%d of 150 wrong tokens were held up", held)
	}
	w.do(auth.Viewer, "GET", "/api/v1/pools", "").want(200)
	w.do("ann", "GET", "/api/v1/pools", "").want(200)
	if n := len(w.do(auth.Admin, "GET", "/api/v1/audit?limit=1000&outcome=refused", "").want(200).json()["items"].([]any)); n > 20 {
		t.Errorf("%d rows for all that", n)
	}
}

func TestPersonalTokens(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.user("ann", `[{"role":"operator","labels":{"team":"web"}}]`)
	w.user("bob", `[{"role":"viewer"}]`)
	make := func(role auth.Role, body string) *reply { return w.do(role, "POST", "/api/v1/tokens", body) }
	make("ann", `{"name":"x","role":"viewer"}`).problem(403, "forbidden", "personal")
	make("ann", `{"name":"x","role":"operator","personal":true}`).problem(403, "forbidden", "cannot hand on operator")
	make("ann", `{"name":"x","role":"operator","labels":{"team":"db"},"personal":true}`).problem(403, "forbidden")
	make("ann", `{"name":"token-1","personal":true}`).problem(422, "invalid", "token-")
	made := make("ann", `{"name":"laptop","personal":true}`).want(201).json()
	w.tokens["laptop"] = made["token"].(string)
	w.tokens["look"] = make("ann", `{"name":"look","role":"viewer","personal":true}`).want(201).json()["token"].(string)
	make("laptop", `{"name":"y","personal":true}`).problem(403, "forbidden", "signed in") // a token makes no tokens
	make(auth.Admin, `{"name":"y","personal":true}`).problem(409, "no_session")

	w.do("laptop", "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1","labels":{"team":"web"}}`).want(201)
	w.do("laptop", "POST", "/api/v1/addresses", `{"name":"b","address":"192.0.2.1"}`).problem(403, "forbidden")
	w.do("look", "PATCH", "/api/v1/addresses/a", `{"remark":"x"}`).problem(403, "forbidden")
	if rev := w.do("look", "GET", "/api/v1/revisions/1", "").want(200).json(); rev["author"] != "ann" {
		t.Errorf("revision %v", rev)
	}
	if got := w.do("ann", "GET", "/api/v1/tokens", "").want(200).names(); fmt.Sprint(got) != "[laptop look]" {
		t.Errorf("ann sees %v", got)
	}
	if got := w.do("bob", "GET", "/api/v1/tokens", "").want(200).names(); len(got) != 0 {
		t.Errorf("bob sees %v", got)
	}
	w.do("bob", "DELETE", "/api/v1/tokens/laptop", "").problem(404, "not_found")

	// The token follows what the user may, down as well as up.
	w.do(auth.Admin, "PUT", "/api/v1/users/ann/grants", `{"role":"viewer"}`).want(200)
	w.do("laptop", "PATCH", "/api/v1/addresses/a", `{"remark":"x"}`).problem(403, "forbidden")
	w.do(auth.Admin, "PUT", "/api/v1/users/ann/grants", `{"role":"admin"}`).want(200)
	w.do("laptop", "PATCH", "/api/v1/addresses/a", `{"remark":"x"}`).want(200)
	w.do("laptop", "GET", "/api/v1/users", "").problem(403, "forbidden") // made before ann was an admin
	w.do(auth.Admin, "POST", "/api/v1/users/ann/disable", "").want(200)
	w.do("laptop", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.do(auth.Admin, "POST", "/api/v1/users/ann/enable", "").want(200)
	w.do("laptop", "GET", "/api/v1/pools", "").want(200)
	w.do("laptop", "DELETE", "/api/v1/tokens/look", "").want(200)
	w.do(auth.Admin, "DELETE", "/api/v1/users/ann", "").want(200)
	w.do("laptop", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	if got := w.do(auth.Admin, "GET", "/api/v1/tokens?q=laptop", "").want(200).names(); len(got) != 0 {
		t.Errorf("left %v", got)
	}
}
