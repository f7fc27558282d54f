package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
)

// net/http answers 200 for a handler that writes nothing: a client would take a write
// that a stopping server dropped for done.
func TestAWriteThatAStoppingServerDropsIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	w := start(t)
	h := api.Handler(api.Deps{Control: w.control, Store: w.store, Live: w.live, Explain: w.explain, Invite: w.inviter})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r := httptest.NewRequestWithContext(ctx, "PUT", "/api/v1/zones/example.com", strings.NewReader(`{"name":"example.com"}`))
	r.Header.Set("Authorization", "Bearer "+w.tokens[auth.Operator])
	r.Header.Set("Content-Type", "application/json")
	got := httptest.NewRecorder()
	h.ServeHTTP(got, r)
	if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" || !strings.Contains(got.Body.String(), `"stopping"`) {
		t.Errorf("answered %d %v %s", got.Code, got.Header(), got.Body)
	}
}
