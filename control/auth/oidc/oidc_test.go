package oidc_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/auth/oidc"
	"github.com/meridian-gtm/meridian/internal/oidctest"
)

func TestMain(m *testing.M) {
	oidctest.Main()
	goleak.VerifyTestMain(m)
}

const secret = "client-secret-of-the-test"

func config(t *testing.T, issuer string) oidc.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := oidc.Config{Issuer: issuer, ClientID: "meridian", SecretFile: file, RedirectURL: "https://gtm.example/api/v1/session/oidc/callback", Audiences: []string{"friend"},
		Grants: map[string]auth.Grants{"admins": {{Role: auth.Admin}}, "web": {{Role: auth.Viewer}, {Role: auth.Operator, Labels: map[string]string{"team": "web"}}}}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// client runs a client of a provider, and waits until it has found it.
func client(t *testing.T, c oidc.Config, key string) *oidc.Provider {
	t.Helper()
	p := oidc.New(c, []byte(key), time.Now, quiet)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); !p.Ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never found the provider")
		}
	}
	return p
}

// begin starts a sign-in; it returns what the browser brings back, and its cookie.
func begin(t *testing.T, p *oidc.Provider, idp *oidctest.Process) (url.Values, string) {
	t.Helper()
	target, cookie, err := p.Begin()
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(idp.Authorize(target))
	if err != nil || !strings.HasPrefix(back.String(), "https://gtm.example/api/v1/session/oidc/callback?") {
		t.Fatal(back, err)
	}
	return back.Query(), cookie
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	idp := oidctest.Start(t, "127.0.0.1:0", "meridian", secret)
	p := client(t, config(t, idp.Issuer), "key")
	for _, row := range []struct {
		who  oidctest.Person
		want string // grants
	}{
		{oidctest.Person{Subject: "1", Name: "ann", Groups: []string{"admins", "all"}}, "admin"},
		{oidctest.Person{Subject: "2", Name: "bob", Groups: []string{"web"}}, "viewer operator:team=web"},
		{oidctest.Person{Subject: "3", Name: "cat", Groups: []string{"web", "admins"}}, "viewer operator:team=web admin"},
		{oidctest.Person{Subject: "4", Name: "dan", Groups: []string{"Admins", "all"}}, ""}, // names are as they are
		{oidctest.Person{Subject: "5", Name: "eve"}, ""},
		{oidctest.Person{Subject: "6", Name: "fay", Groups: []string{"web"}, Wrong: "elsewhere"}, "viewer operator:team=web"},
	} {
		idp.As(row.who)
		q, cookie := begin(t, p, idp)
		id, err := p.Finish(t.Context(), q, cookie)
		if err != nil || id.Issuer != idp.Issuer || id.Subject != row.who.Subject || id.Name != row.who.Name || id.Grants.String() != row.want {
			t.Errorf("%s: %+v %v", row.who.Name, id, err)
		}
	}
	// Begun in one process, ended in another on the same store.
	idp.As(oidctest.Person{Subject: "7", Name: "gus", Groups: []string{"web"}})
	q, cookie := begin(t, p, idp)
	if id, err := client(t, config(t, idp.Issuer), "key").Finish(t.Context(), q, cookie); err != nil || id.Subject != "7" {
		t.Errorf("through another process: %+v %v", id, err)
	}
	if u := p.SignOutURL(); u != idp.Issuer+"/logout?client_id=meridian" {
		t.Errorf("sign-out at %s", u)
	}
}

// TestAttacks makes each thing wrong that a client must notice, by a provider that
// signs it or in a browser that brings it.
func TestAttacks(t *testing.T) {
	t.Parallel()
	idp := oidctest.Start(t, "127.0.0.1:0", "meridian", secret)
	conf := config(t, idp.Issuer)
	p := client(t, conf, "key")
	good := oidctest.Person{Subject: "1", Name: "ann", Groups: []string{"admins"}}
	for _, wrong := range []string{"nonce", "audience", "more audiences", "azp", "no azp", "issuer", "expired", "future", "no subject", "alg none", "alg hmac", "signature", "at_hash", "response issuer", "userinfo"} {
		who := good
		who.Wrong = wrong
		idp.As(who)
		q, cookie := begin(t, p, idp)
		if id, err := p.Finish(t.Context(), q, cookie); !errors.Is(err, oidc.ErrInvalid) || id.Subject != "" {
			t.Errorf("wrong %s: %+v %v", wrong, id, err)
		}
	}
	who := good
	who.Wrong = "deny"
	idp.As(who)
	q, cookie := begin(t, p, idp)
	if _, err := p.Finish(t.Context(), q, cookie); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("denied: %v", err)
	}

	idp.As(good)
	q, cookie = begin(t, p, idp)
	if _, err := p.Finish(t.Context(), q, cookie); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), q, cookie); !errors.Is(err, oidc.ErrInvalid) {
		t.Errorf("the way back, taken twice: %v", err)
	}
	// Through another process, which has not seen it: the provider takes a code once.
	if _, err := client(t, conf, "key").Finish(t.Context(), q, cookie); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("the way back, through another process: %v", err)
	}

	_, mine := begin(t, p, idp)
	theirs, theirCookie := begin(t, p, idp)
	for name, row := range map[string]struct {
		q      url.Values
		cookie string
	}{
		"another's code in this browser":   {theirs, mine}, // what signs a victim in as the attacker
		"no cookie":                        {theirs, ""},
		"a cookie that nobody sealed":      {theirs, "AAAA"},
		"a cookie of another installation": {theirs, must(t, client(t, conf, "another key"))},
		"a cookie that was changed":        {theirs, theirCookie[:len(theirCookie)-2] + "AA"},
	} {
		if _, err := p.Finish(t.Context(), row.q, row.cookie); !errors.Is(err, oidc.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stolen := url.Values{"state": theirs["state"], "iss": theirs["iss"], "code": {"made-up"}}
	if _, err := p.Finish(t.Context(), stolen, theirCookie); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("a made-up code: %v", err)
	}
	// A code stolen on its way and brought in by a sign-in of the thief's: the state fits,
	// the verifier does not (RFC 7636).
	victim, _ := begin(t, p, idp)
	thief, thiefCookie := begin(t, p, idp)
	thief["code"] = victim["code"]
	if _, err := p.Finish(t.Context(), thief, thiefCookie); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("a stolen code: %v", err)
	}
}

func must(t *testing.T, p *oidc.Provider) string {
	t.Helper()
	_, cookie, err := p.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return cookie
}

func TestSlowPeople(t *testing.T) {
	t.Parallel()
	idp := oidctest.Start(t, "127.0.0.1:0", "meridian", secret)
	conf := config(t, idp.Issuer)
	idp.As(oidctest.Person{Subject: "1", Groups: []string{"admins"}})
	q, cookie := begin(t, client(t, conf, "key"), idp)
	late := oidc.New(conf, []byte("key"), func() time.Time { return time.Now().Add(11 * time.Minute) }, quiet)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- late.Run(ctx) }()
	for !late.Ready() {
		time.Sleep(5 * time.Millisecond)
	}
	if _, err := late.Finish(t.Context(), q, cookie); !errors.Is(err, oidc.ErrInvalid) || !strings.Contains(err.Error(), "too long") {
		t.Errorf("after 11 minutes: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestKeysRotate: a token signed by a key that was not there before is taken once the
// provider publishes the key, and not earlier.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	idp := oidctest.Start(t, "127.0.0.1:0", "meridian", secret)
	p := client(t, config(t, idp.Issuer), "key")
	idp.As(oidctest.Person{Subject: "1", Groups: []string{"admins"}})
	for _, step := range []struct {
		name   string
		rotate func()
		ok     bool
	}{
		{"the first key", func() {}, true},
		{"a new key", func() { idp.Rotate(false) }, true},
		{"a key that the provider does not publish", func() { idp.Rotate(true) }, false},
		{"one more, with the hidden one published", func() { idp.Rotate(false) }, true},
	} {
		step.rotate()
		q, cookie := begin(t, p, idp)
		if _, err := p.Finish(t.Context(), q, cookie); (err == nil) != step.ok || err != nil && !errors.Is(err, oidc.ErrInvalid) {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	if n := idp.Asked("/keys"); n > 5 {
		t.Errorf("keys were read %d times", n)
	}
}

// TestProviderThatIsDown: the client starts without it, finds it when it comes, and
// says so when it goes.
func TestProviderThatIsDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p := oidc.New(config(t, "http://"+addr), []byte("key"), time.Now, quiet)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	if _, _, err := p.Begin(); !errors.Is(err, oidc.ErrUnreachable) {
		t.Errorf("begin: %v", err)
	}
	if _, err := p.Finish(t.Context(), url.Values{}, ""); !errors.Is(err, oidc.ErrUnreachable) {
		t.Errorf("finish: %v", err)
	}
	idp := oidctest.Start(t, addr, "meridian", secret)
	for deadline := time.Now().Add(30 * time.Second); !p.Ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never found the provider")
		}
	}
	idp.As(oidctest.Person{Subject: "1", Groups: []string{"admins"}})
	q, cookie := begin(t, p, idp)
	idp.Stop()
	if _, err := p.Finish(t.Context(), q, cookie); !errors.Is(err, oidc.ErrUnreachable) || strings.Contains(err.Error(), secret) {
		t.Errorf("without the provider: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, empty := filepath.Join(dir, "secret"), filepath.Join(dir, "empty")
	for f, text := range map[string]string{file: "x", empty: "\n"} {
		if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := func() oidc.Config {
		return oidc.Config{Issuer: "https://idp.example", ClientID: "m", SecretFile: file, RedirectURL: "https://gtm.example/api/v1/session/oidc/callback", Scopes: []string{"groups"},
			Grants: map[string]auth.Grants{"a": {{Role: auth.Viewer}}}}
	}
	c := good()
	if err := c.Check(); err != nil || c.Scopes[0] != "openid" || c.NameClaim != "preferred_username" || c.GroupsClaim != "groups" {
		t.Errorf("%+v %v", c, err)
	}
	for want, change := range map[string]func(*oidc.Config){
		"issuer is missing":             func(c *oidc.Config) { c.Issuer = "" },
		"issuer must be https":          func(c *oidc.Config) { c.Issuer = "http://idp.example" },
		"issuer is not a URL":           func(c *oidc.Config) { c.Issuer = "idp.example" },
		"redirect_url must end with":    func(c *oidc.Config) { c.RedirectURL = "https://gtm.example/" },
		"redirect_url must be https":    func(c *oidc.Config) { c.RedirectURL = "http://gtm.example/api/v1/session/oidc/callback" },
		"client_secret_file is missing": func(c *oidc.Config) { c.SecretFile = "" },
		"no such file":                  func(c *oidc.Config) { c.SecretFile = file + "x" },
		"is empty":                      func(c *oidc.Config) { c.SecretFile = empty },
		"grants is empty":               func(c *oidc.Config) { c.Grants = nil },
	} {
		c := good()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if gs, err := oidc.Grants("viewer; operator:team=web,env=prod"); err != nil || gs.String() != "viewer operator:env=prod,team=web" {
		t.Errorf("%v %v", gs, err)
	}
	for _, bad := range []string{"", "god", "viewer;;admin", "viewer:team=web"} {
		if gs, err := oidc.Grants(bad); err == nil {
			t.Errorf("%q is %v", bad, gs)
		}
	}
}
