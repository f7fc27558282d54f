package auth

import (
	"net/http"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// A session ends when it was not used for sessionIdle, and in any case after sessionMost:
// a working day, so that nobody has to sign in twice in one.
const (
	SessionIdle = 2 * time.Hour
	SessionMost = 12 * time.Hour
)

// sessionPrefix lets secret scanners recognise what a session's cookie holds.
const sessionPrefix = "mrs_"

// CookieName is the session's cookie. Over TLS its prefix makes browsers refuse one that
// another host or a page without TLS set (RFC 6265bis §4.1.3.2).
func CookieName(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-meridian"
	}
	return "meridian"
}

// Cookie returns the cookie that carries a session to the browser; with no text, the one
// that takes it away. Lax, not Strict: a link from a chat message must open signed in,
// and the way back from an identity provider is such a link. What changes anything is
// held by the cross-origin guard besides.
func Cookie(r *http.Request, text string, ends time.Time) *http.Cookie {
	c := &http.Cookie{Name: CookieName(r), Value: text, Path: "/", Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteLaxMode, Expires: ends}
	if text == "" {
		c.MaxAge, c.Expires = -1, time.Time{}
	}
	return c
}

// newSession returns what the cookie shall hold and its stored form.
func newSession(userID, remote, agent string, now time.Time) (string, store.Session) {
	text := secret(sessionPrefix)
	return text, store.Session{ID: store.NewID("session"), Hash: hash(text), UserID: userID, CreatedAt: now, SeenAt: now, EndsAt: now.Add(SessionMost), Remote: remote, Agent: agent}
}

// SessionAlive reports whether a session is good at a time.
func SessionAlive(v store.Session, now time.Time) bool {
	return now.Before(v.EndsAt) && now.Before(v.SeenAt.Add(SessionIdle))
}
