package api_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/auth/oidc"
	"github.com/meridian-gtm/meridian/internal/oidctest"
)

const clientSecret = "the-client-secret-of-the-test"

// elsewhere is a world whose people sign in at a provider of their own process.
func elsewhere(t *testing.T) (*world, *oidctest.Process) {
	t.Helper()
	idp := oidctest.Start(t, "127.0.0.1:0", "meridian", clientSecret)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(clientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	w := startWith(t, func(d *api.Deps, url string) {
		c := oidc.Config{Issuer: idp.Issuer, ClientID: "meridian", SecretFile: file, RedirectURL: url + "/api/v1/session/oidc/callback",
			Grants: map[string]auth.Grants{"admins": {{Role: auth.Admin}}, "web": {{Role: auth.Operator, Labels: map[string]string{"team": "web"}}}}}
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		d.OIDC = oidc.New(c, []byte("key"), time.Now, d.Log)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- d.OIDC.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		for deadline := time.Now().Add(30 * time.Second); !d.OIDC.Ready(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("never found the provider")
			}
		}
	})
	return w, idp
}

// cookies reads what an answer sets, by name; "" for what it takes away.
func (r *reply) cookies() map[string]string {
	out := map[string]string{}
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Value == "" {
			c.MaxAge = -1
		}
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			r.t.Errorf("%s: cookie %v", r.what, c)
		}
		out[c.Name] = c.Value
	}
	return out
}

// goThere begins a sign-in and lets the provider send the browser back.
func (w *world) goThere(idp *oidctest.Process) (back, pending string) {
	w.t.Helper()
	r := w.do("", "GET", "/api/v1/session/oidc", "").want(302)
	return strings.TrimPrefix(idp.Authorize(r.header.Get("Location")), w.url), r.cookies()["meridian-sign-in"]
}

// comeBack ends it.
func (w *world) comeBack(back, pending string) *reply {
	w.t.Helper()
	return w.do("", "GET", back, "", "Cookie", "meridian-sign-in="+pending)
}

func (w *world) through(idp *oidctest.Process, who oidctest.Person) *reply {
	w.t.Helper()
	idp.As(who)
	r := w.comeBack(w.goThere(idp))
	if c := r.cookies(); c["meridian"] != "" {
		w.cookies[auth.Role(who.Name)] = c["meridian"]
	}
	return r
}

func TestSignInElsewhere(t *testing.T) {
	t.Parallel()
	w, idp := elsewhere(t)
	if m := w.do("", "GET", "/api/v1/session/methods", "").want(200).json(); m["oidc"] != "ready" || m["issuer"] != idp.Issuer || m["first_user"] != true {
		t.Errorf("methods %v", m)
	}
	w.user("local", `[{"role":"viewer"}]`)

	r := w.through(idp, oidctest.Person{Subject: "1", Name: "Ann", Groups: []string{"web"}}).want(302)
	if r.header.Get("Location") != "/" {
		t.Errorf("goes to %s", r.header.Get("Location"))
	}
	w.cookies["ann"] = w.cookies["Ann"]
	if v := w.do("ann", "GET", "/api/v1/session", "").want(200).json(); v["name"] != "ann" || v["role"] != "operator" {
		t.Errorf("who am I: %v", v)
	}
	w.do("ann", "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1","labels":{"team":"web"}}`).want(201)
	w.do("ann", "POST", "/api/v1/addresses", `{"name":"b","address":"192.0.2.1"}`).problem(403, "forbidden")
	w.tokens["of ann"] = w.do("ann", "POST", "/api/v1/tokens", `{"name":"laptop","personal":true}`).want(201).json()["token"].(string)
	w.do("of ann", "PATCH", "/api/v1/addresses/a", `{"remark":"x"}`).want(200)
	w.do(auth.Admin, "PUT", "/api/v1/users/ann/grants", `{"role":"admin"}`).problem(409, "not_local", "groups")
	w.do(auth.Admin, "PUT", "/api/v1/users/ann/password", `{"password":"correct horse battery"}`).problem(409, "not_local")
	w.post("/session", `{"name":"ann","password":""}`).want(422)
	w.post("/session", `{"name":"ann","password":"correct horse battery"}`).problem(401, "wrong_credentials")

	// The link is the subject: neither the name nor the address of another lets in.
	w.through(idp, oidctest.Person{Subject: "2", Name: "local", Groups: []string{"admins"}}).want(302)
	if v := w.do("local", "GET", "/api/v1/session", "").want(200).json(); v["name"] != "local-2" || v["role"] != "admin" {
		t.Errorf("who am I: %v", v)
	}
	w.through(idp, oidctest.Person{Subject: "1", Name: "Ann Married", Groups: []string{"admins"}}).want(302)
	if v := w.do("Ann Married", "GET", "/api/v1/session", "").want(200).json(); v["name"] != "ann" || v["role"] != "admin" {
		t.Errorf("renamed: %v", v)
	}
	w.do("of ann", "GET", "/api/v1/users", "").problem(403, "forbidden") // never more than when it was made

	// Out of all groups: sessions end, tokens allow nothing, a stranger leaves no trace.
	w.through(idp, oidctest.Person{Subject: "1", Name: "Ann", Groups: []string{"others"}}).problem(403, "no_access", "ann")
	w.do("ann", "GET", "/api/v1/pools", "").problem(401, "unauthorized")
	w.do("of ann", "GET", "/api/v1/pools", "").problem(403, "forbidden")
	w.through(idp, oidctest.Person{Subject: "9", Name: "stranger"}).problem(403, "no_access")
	w.do(auth.Admin, "GET", "/api/v1/users/stranger", "").problem(404, "not_found")
	w.through(idp, oidctest.Person{Subject: "1", Name: "Ann", Groups: []string{"web"}}).want(302)
	w.do("of ann", "GET", "/api/v1/pools", "").want(200)
	w.do(auth.Admin, "POST", "/api/v1/users/ann/disable", "").want(200)
	w.through(idp, oidctest.Person{Subject: "1", Name: "Ann", Groups: []string{"web"}}).problem(403, "disabled")
	w.do(auth.Admin, "POST", "/api/v1/users/ann/enable", "").want(200)

	// A month after the last sign-in nobody knows whether ann still belongs here.
	w.do("of ann", "GET", "/api/v1/pools", "").want(200)
	w.pass(31 * 24 * time.Hour)
	w.do("of ann", "GET", "/api/v1/pools", "").problem(401, "unauthorized")

	w.through(idp, oidctest.Person{Subject: "2", Name: "boss", Groups: []string{"admins"}}).want(302)
	if out := w.do("boss", "DELETE", "/api/v1/session", "").want(200).json(); !strings.HasPrefix(fmt.Sprint(out["provider_sign_out"]), idp.Issuer+"/logout?") {
		t.Errorf("sign-out: %v", out)
	}
}

func TestAttacksOnTheWayBack(t *testing.T) {
	t.Parallel()
	w, idp := elsewhere(t)
	idp.As(oidctest.Person{Subject: "1", Name: "ann", Groups: []string{"admins"}})
	back, pending := w.goThere(idp)
	other, _ := w.goThere(idp)
	refused := func(what, back, pending, code string) {
		t.Helper()
		if r := w.comeBack(back, pending).problem(401, code); r.cookies()["meridian"] != "" {
			t.Errorf("%s begins a session", what)
		}
	}
	refused("no cookie", back, "", "sign_in_invalid")
	refused("another's way back", other, pending, "sign_in_invalid")
	w.comeBack(back, pending).want(302)
	refused("the way back again", back, pending, "sign_in_invalid")
	for _, wrong := range []string{"nonce", "audience", "alg none", "alg hmac", "expired", "signature"} {
		idp.As(oidctest.Person{Subject: "1", Name: "ann", Groups: []string{"admins"}, Wrong: wrong})
		b, p := w.goThere(idp)
		refused(wrong, b, p, "sign_in_invalid")
	}
	idp.As(oidctest.Person{Wrong: "deny"})
	b, p := w.goThere(idp)
	refused("denied", b, p, "sign_in_refused")
	if got := w.audited("outcome=refused"); !strings.Contains(fmt.Sprint(got["object"]), "sign-in at "+idp.Issuer) || got["code"] != "sign_in_invalid" {
		t.Errorf("audit %v", got) // the first five of a minute are kept one by one
	}
	idp.As(oidctest.Person{Subject: "1", Name: "ann", Groups: []string{"admins"}})
	b, p = w.goThere(idp)
	idp.Stop()
	r := w.comeBack(b, p).problem(503, "provider_unavailable")
	for _, secret := range []string{clientSecret, pending, back} {
		if strings.Contains(string(r.body)+w.log.String(), secret) {
			t.Errorf("%q is told", secret)
		}
	}
	if w := start(t); w.do("", "GET", "/api/v1/session/oidc", "").problem(404, "no_provider") == nil {
		t.Fatal()
	}
}
