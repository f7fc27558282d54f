package api_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

// TestARevokedTokenDoesNotListenOn: not even while its holder floods the address with
// wrong tokens, so that nobody is asked about the revoked one any more.
func TestARevokedTokenDoesNotListenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.SQLite(t)
		c, err := control.New(t.Context(), control.Options{Store: st})
		if err != nil {
			t.Fatal(err)
		}
		h := api.Handler(api.Deps{Control: c, Store: st, Log: slog.New(slog.DiscardHandler)})
		text, tok := auth.NewToken("t", auth.Grants{{Role: auth.Viewer}}, "test", time.Now(), time.Time{})
		if err := st.AddToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		ask := func(token, path string) int {
			r := httptest.NewRequest("GET", path, nil).WithContext(t.Context())
			r.Header.Set("Authorization", "Bearer "+token)
			w := watcher{httptest.NewRecorder()}
			h.ServeHTTP(w, r)
			return w.Code
		}
		done := make(chan int, 1)
		go func() { done <- ask(text, "/api/v1/stream") }()
		time.Sleep(20 * time.Second)
		select {
		case code := <-done:
			t.Fatalf("the stream of a good token ended with %d", code)
		default:
		}
		if _, err := st.DeleteToken(t.Context(), nil, tok.ID); err != nil {
			t.Fatal(err)
		}
		if code := ask(text, "/api/v1/pools"); code != http.StatusUnauthorized {
			t.Errorf("revoked: %d", code)
		}
		for i := range 600 { // 30 s of it
			ask(fmt.Sprintf("mrd_%043d", i), "/api/v1/pools")
			time.Sleep(50 * time.Millisecond)
		}
		select {
		case <-done:
		default:
			t.Error("the stream goes on")
		}
	})
}

// watcher is a recorder that can be waited for.
type watcher struct{ *httptest.ResponseRecorder }

func (watcher) SetWriteDeadline(time.Time) error { return nil }

// TestTextThatNoDatabaseTakesIsToldSo, and is no error of the server's.
func TestTextThatNoDatabaseTakesIsToldSo(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, path := range []string{"/audit?who=%00", "/audit?object=a%00b", "/revisions?q=%ff", "/tokens?q=%00", "/history/transitions?subject=%00"} {
		w.do(auth.Admin, "GET", "/api/v1"+path, "").problem(422, "invalid", "zero byte or is not UTF-8")
	}
	for _, path := range []string{"/users/%00", "/revisions/%ff"} {
		w.do(auth.Admin, "GET", "/api/v1"+path, "").problem(400, "bad_path")
	}
	w.post("/session", `{"name":"a\u0000","password":"x"}`).problem(422, "invalid", "zero byte")
}

// TestTheProviderIsNotAskedForEverybody: each way back from the provider makes us ask
// it, and anybody can begin as many as they like.
func TestTheProviderIsNotAskedForEverybody(t *testing.T) {
	t.Parallel()
	w, _ := elsewhere(t)
	var last *reply
	for range 25 {
		r := w.do("", "GET", "/api/v1/session/oidc", "").want(302)
		state := r.header.Get("Location")
		state = state[strings.Index(state, "state=")+len("state="):]
		state, _, _ = strings.Cut(state, "&")
		last = w.comeBack("/api/v1/session/oidc/callback?code=wrong&state="+state, r.cookies()["meridian-sign-in"])
	}
	last.problem(429, "too_many_attempts")
}
