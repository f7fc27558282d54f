package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

// old is the password "password" in the form of other parameters.
const old = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func asks(header, value string) *http.Request {
	r := httptest.NewRequest("GET", "/api/v1/pools", nil)
	r.Header.Set(header, value)
	return r
}

func TestGate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, now := open(), noon
		gate, other := auth.NewGate(s, func() time.Time { return now }), auth.NewGate(open(), func() time.Time { return now })
		u := auth.NewUser("ann", old, auth.Grants{{Role: auth.Operator}}, "test", noon)
		if err := s.AddUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := gate.SignIn(t.Context(), "ann", "passwort", "192.0.2.1", ""); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a wrong password: %v", err)
		}
		if got, _ := s.User(t.Context(), "ann"); got.Password != old {
			t.Error("a wrong password changed the stored form")
		}
		cookie, v, p, err := gate.SignIn(t.Context(), "Ann", "password", "192.0.2.1", strings.Repeat("x", 300))
		if err != nil || p.Name != "ann" || p.Kind != auth.KindUser || p.ID != u.ID || p.Session != v.ID || len(v.Agent) != 200 {
			t.Fatal(p, v, err)
		}
		// The form of other parameters gives way to today's, of the same password.
		got, err := s.User(t.Context(), "ann")
		if err != nil || got.Password == old || !strings.HasPrefix(got.Password, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("stored form %s %v", got.Password, err)
		}
		if _, _, _, err := other.SignIn(t.Context(), "ann", "password", "192.0.2.1", ""); err != nil {
			t.Errorf("with the new form, through another process: %v", err)
		}
		for _, g := range []*auth.Gate{gate, other} {
			if p, err := g.Authenticate(asks("Cookie", "meridian="+cookie)); err != nil || p.Name != "ann" || !p.Grants.Whole(auth.Operator) {
				t.Errorf("%+v %v", p, err)
			}
		}
		for name, r := range map[string]*http.Request{
			"a session as a token":  asks("Authorization", "Bearer "+cookie),
			"another cookie's name": asks("Cookie", "session="+cookie),
			"a session cut short":   asks("Cookie", "meridian="+cookie[:len(cookie)-1]),
			"its hash":              asks("Cookie", "meridian=mrs_"+string(v.Hash)),
			"nothing":               asks("X-Nothing", ""),
			"a bad header beside a good one's": func() *http.Request {
				r := asks("Cookie", "meridian="+cookie)
				r.Header.Set("Authorization", "Bearer x")
				return r
			}(),
		} {
			if p, err := gate.Authenticate(r); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("%s: %+v %v", name, p, err)
			}
		}
		// What one process ends, another refuses with its next request.
		if err := s.SetDisabled(t.Context(), nil, u.ID, true); err != nil {
			t.Fatal(err)
		}
		for _, g := range []*auth.Gate{gate, other} {
			if _, err := g.Authenticate(asks("Cookie", "meridian="+cookie)); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("a disabled user: %v", err)
			}
		}
		if _, _, _, err := gate.SignIn(t.Context(), "ann", "password", "192.0.2.1", ""); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a disabled user signs in: %v", err)
		}
		s.Close()
		if _, err := gate.Authenticate(asks("Cookie", "meridian="+cookie)); err == nil || errors.Is(err, auth.ErrDenied) {
			t.Errorf("a store that is gone must not look like a wrong session: %v", err)
		}
	})
}

// TestOneSourceIsANetworkWithIPv6: a guesser with a whole /64 is one.
func TestOneSourceIsANetworkWithIPv6(t *testing.T) {
	t.Parallel()
	gate := auth.NewGate(storetest.SQLite(t), func() time.Time { return noon })
	try := func(remote string, i int) error {
		_, _, _, err := gate.SignIn(t.Context(), fmt.Sprintf("nobody-%d", i), "x", remote, "")
		return err
	}
	for i := range 20 {
		if err := try(fmt.Sprintf("2001:db8::%x", i+1), i); !errors.Is(err, auth.ErrDenied) {
			t.Fatal(err)
		}
	}
	var limited *auth.Limited
	if err := try("2001:db8::ffff", 20); !errors.As(err, &limited) || limited.Wait != 6*time.Second {
		t.Errorf("the 21st of one network: %v", err)
	}
	if err := try("2001:db8:0:1::1", 21); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("another network: %v", err)
	}
	if err := try("::ffff:192.0.2.1", 22); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("IPv4 written as IPv6: %v", err)
	}
}

func TestAdminRemains(t *testing.T) {
	t.Parallel()
	admin, operator := auth.Grants{{Role: auth.Admin}}, auth.Grants{{Role: auth.Operator}}
	user := func(g auth.Grants, change func(*store.User)) []store.User {
		u := auth.NewUser("ann", "x", g, "test", noon)
		if change != nil {
			change(&u)
		}
		return []store.User{u}
	}
	token := func(g auth.Grants, expires time.Time, owner string) []store.Token {
		_, tok := auth.NewToken("t", g, "test", noon, expires)
		tok.Owner = owner
		return []store.Token{tok}
	}
	for name, row := range map[string]struct {
		users  []store.User
		tokens []store.Token
		ok     bool
	}{
		"nobody":                       {nil, nil, false},
		"a local admin":                {user(admin, nil), nil, true},
		"a disabled one":               {user(admin, func(u *store.User) { u.Disabled = true }), nil, false},
		"one of a provider":            {user(admin, func(u *store.User) { u.Password, u.Issuer = "", "https://idp.example" }), nil, false},
		"an operator":                  {user(operator, nil), token(operator, time.Time{}, ""), false},
		"a token without an end":       {nil, token(admin, time.Time{}, ""), true},
		"a token that expires":         {nil, token(admin, noon, ""), false},
		"a token of somebody disabled": {nil, token(admin, time.Time{}, "user-1"), false},
	} {
		if err := auth.AdminRemains(row.users, row.tokens); (err == nil) != row.ok || err != nil && !errors.Is(err, store.ErrLastAdmin) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAGuesserDoesNotShutTheOwnerOut: whoever tries an account's passwords from all over
// the world slows down strangers, not the place that its owner signs in from.
func TestAGuesserDoesNotShutTheOwnerOut(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	gate := auth.NewGate(s, func() time.Time { return noon })
	if err := s.AddUser(t.Context(), auth.NewUser("ann", old, auth.Grants{{Role: auth.Operator}}, "test", noon)); err != nil {
		t.Fatal(err)
	}
	try := func(remote, password string) error {
		_, err := gate.CheckPassword(t.Context(), "ann", password, remote)
		return err
	}
	if err := try("192.0.2.1", "password"); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := try(fmt.Sprint("198.51.100.", i), "wrong"); !errors.Is(err, auth.ErrDenied) {
			t.Fatal(err)
		}
	}
	var limited *auth.Limited
	if err := try("203.0.113.1", "password"); !errors.As(err, &limited) {
		t.Errorf("from a place that is not known: %v", err)
	}
	if err := try("192.0.2.1", "password"); err != nil {
		t.Errorf("from where the owner was before: %v", err)
	}
	for range 10 {
		if err := try("192.0.2.1", "wrong"); !errors.Is(err, auth.ErrDenied) {
			t.Fatal(err)
		}
	}
	if err := try("192.0.2.1", "wrong"); !errors.As(err, &limited) {
		t.Errorf("a guesser who sits there: %v", err)
	}
}

// TestAStoreThatIsAwayUsesUpNoAttempts, and does not make what has expired good again.
func TestAStoreThatIsAwayUsesUpNoAttempts(t *testing.T) {
	t.Parallel()
	s, now := storetest.SQLite(t), noon
	gate := auth.NewGate(s, func() time.Time { return now })
	text, tok := auth.NewToken("t", auth.Grants{{Role: auth.Viewer}}, "test", noon, noon.Add(time.Minute))
	if err := s.AddToken(t.Context(), tok); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Authenticate(asks("Authorization", "Bearer "+text)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := gate.Authenticate(asks("Authorization", "Bearer "+text)); err != nil {
		t.Errorf("good a moment ago: %v", err)
	}
	now = now.Add(time.Minute)
	if _, err := gate.Authenticate(asks("Authorization", "Bearer "+text)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("expired meanwhile: %v", err)
	}
	var limited *auth.Limited
	for range 200 {
		if _, err := gate.Authenticate(asks("Authorization", "Bearer mrd_"+strings.Repeat("A", 43))); errors.As(err, &limited) {
			t.Fatal("a token that nobody has looked at counts as wrong")
		}
		if _, err := gate.CheckPassword(t.Context(), "ann", "password", "192.0.2.1"); errors.As(err, &limited) {
			t.Fatal("a password that nobody has looked at counts as wrong")
		}
	}
}
