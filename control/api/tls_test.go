package api_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/meridian-gtm/meridian/control/auth"
)

// TestCookiesOverTLS: the prefix and Secure, which no page without TLS and no other
// host can set, and a cookie of the plain name opens nothing there.
func TestCookiesOverTLS(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.user("ann", `[{"role":"viewer"}]`)
	gate := auth.NewGate(w.store, w.clock)
	for _, row := range []struct {
		name string
		tls  bool
		want string // the cookie's name
	}{{"without TLS", false, "meridian"}, {"over TLS", true, "__Host-meridian"}} {
		r := httptest.NewRequest("GET", "/", nil)
		if row.tls {
			r.TLS = &tls.ConnectionState{}
		}
		text, v, _, err := gate.SignIn(t.Context(), "ann", battery, "192.0.2.1", "test")
		if err != nil {
			t.Fatal(err)
		}
		c := auth.Cookie(r, text, v.EndsAt)
		if c.Name != row.want || c.Secure != row.tls || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Valid() != nil {
			t.Errorf("%s: %v", row.name, c)
		}
		for name, ok := range map[string]bool{"meridian": !row.tls, "__Host-meridian": row.tls} {
			with := r.Clone(t.Context())
			with.Header.Set("Cookie", name+"="+text)
			if p, err := gate.Authenticate(with); (err == nil) != ok || ok && p.Name != "ann" {
				t.Errorf("%s, cookie %s: %+v %v", row.name, name, p, err)
			}
		}
	}
}
