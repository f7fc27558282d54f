package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/auth/oidc"
	"github.com/meridian-gtm/meridian/control/store"
)

// methodsAnswer tells a sign-in page what to offer.
type methodsAnswer struct {
	FirstUser bool   `json:"first_user" doc:"There is no user yet: sign in with the admin token, which makes one."`
	OIDC      string `json:"oidc,omitempty" enum:"ready,unreachable" doc:"Whether one can sign in at the identity provider now; absent when there is none."`
	Issuer    string `json:"issuer,omitempty" doc:"The identity provider."`
	Name      string `json:"oidc_name,omitempty" doc:"What to call it: the host of its issuer."`
}

func (s *server) oidcRoutes() {
	page := &huma.Schema{Type: huma.TypeString, Description: "Nothing to read: the Location header says where to go."}
	s.route(route{method: "GET", path: "/session/methods", id: "signInMethods", summary: "How one can sign in", tag: "Access", open: true,
		answer: s.schemaOf(reflect.TypeFor[methodsAnswer]()), handle: s.signInMethods})
	s.route(route{method: "GET", path: "/session/oidc", id: "signInElsewhere", summary: "Go to the identity provider to sign in", tag: "Access", open: true,
		status: http.StatusFound, answer: page, answerType: "text/html", page: true, handle: s.toProvider})
	s.route(route{method: "GET", path: "/session/oidc/callback", id: "backFromProvider", summary: "Come back from the identity provider, signed in", tag: "Access", open: true, writes: true,
		params: []*huma.Param{query("code", huma.TypeString, "From the provider."), query("state", huma.TypeString, "As it was sent."), query("iss", huma.TypeString, "The provider's name of itself (RFC 9207)."),
			query("error", huma.TypeString, "Why not."), query("error_description", huma.TypeString, "The same in words; left aside."), query("error_uri", huma.TypeString, "Left aside."),
			query("session_state", huma.TypeString, "Left aside."), query("scope", huma.TypeString, "Left aside.")},
		status: http.StatusFound, answer: page, answerType: "text/html", page: true, handle: s.fromProvider})
}

// failPage is fail for people: a browser that comes back from elsewhere with nothing is
// sent to the page to sign in, with the code of what went wrong, in place of a document.
func (s *server) failPage(w http.ResponseWriter, req *http.Request, err error) {
	p, public := problemOf(err)
	if !public || p.Status >= 500 {
		s.log.Error("request failed", "request_id", requestID(req), "method", req.Method, "path", req.URL.Path, "err", err)
	}
	q := url.Values{"error": {p.Code}}
	if p.retry > 0 {
		q.Set("retry", strconv.Itoa(int((p.retry+time.Second-1)/time.Second)))
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html")
	h.Set("Location", signInPage+"?"+q.Encode())
	w.WriteHeader(http.StatusFound)
}

// signInPage is the console's.
const signInPage = "/signin"

// wantsPage reports whether a browser asks for something to show.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (s *server) signInMethods(c *call) (answer, error) {
	list, err := s.Store.Users(c.Context())
	if err != nil {
		return answer{}, err
	}
	out := methodsAnswer{FirstUser: len(list) == 0}
	if s.OIDC != nil {
		out.OIDC, out.Issuer = "unreachable", s.OIDC.Issuer()
		if u, err := url.Parse(out.Issuer); err == nil {
			out.Name = u.Host
		}
		if s.OIDC.Ready() {
			out.OIDC = "ready"
		}
	}
	return answer{body: out}, nil
}

// pendingCookie carries a sign-in on its way. Only the callback needs it, so only the
// callback gets it; over TLS the prefix makes browsers refuse one that somebody else set.
func pendingCookie(r *http.Request, value string) *http.Cookie {
	c := &http.Cookie{Name: pendingName(r), Value: value, Path: "/", Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 600}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

func pendingName(r *http.Request) string { return auth.CookieName(r) + "-sign-in" }

func noProvider() error {
	return problem(http.StatusNotFound, "no_provider", "There is no identity provider here; sign in with a name and a password.")
}

func (s *server) toProvider(c *call) (answer, error) {
	if s.OIDC == nil {
		return answer{}, noProvider()
	}
	target, cookie, err := s.OIDC.Begin()
	if err != nil {
		return answer{}, err
	}
	http.SetCookie(c.w, pendingCookie(c.Request, cookie))
	return redirect(c, target), nil
}

func redirect(c *call, target string) answer {
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", target)
	h.Set("Content-Type", "text/html")
	c.w.WriteHeader(http.StatusFound)
	return answer{done: true}
}

func (s *server) fromProvider(c *call) (answer, error) {
	if s.OIDC == nil {
		return answer{}, noProvider()
	}
	c.deed.Object = "sign-in at " + s.OIDC.Issuer()
	pending := ""
	if k, err := c.Cookie(pendingName(c.Request)); err == nil {
		pending = k.Value
	}
	http.SetCookie(c.w, pendingCookie(c.Request, "")) // whatever comes of it, it was this one's only try
	// Each makes us ask the provider, and anybody can begin any number.
	giveBack, err := s.Gate.Attempt(auth.Remote(c.Request))
	if err != nil {
		return answer{}, err
	}
	id, err := s.OIDC.Finish(c.Context(), c.URL.Query(), pending)
	if err != nil {
		s.log.Warn("sign-in at the identity provider failed", "request_id", requestID(c.Request), "err", err)
		return answer{}, err
	}
	giveBack()
	u, err := s.personOf(c.Context(), id)
	if err != nil {
		return answer{}, err
	}
	c.deed.Who, c.deed.Principal, c.deed.Kind = u.Name, u.ID, auth.KindUser
	switch {
	case u.Disabled:
		return answer{}, problem(http.StatusForbidden, "disabled", "The user "+u.Name+" is disabled here; ask an admin.")
	case len(id.Grants) == 0:
		return answer{}, problem(http.StatusForbidden, "no_access", "The identity provider knows you as "+u.Name+", but none of your groups has access here; ask an admin.")
	}
	cookie, v, _, err := s.Gate.Begin(c.Context(), u, auth.Remote(c.Request), c.UserAgent())
	if err != nil {
		return answer{}, err
	}
	http.SetCookie(c.w, auth.Cookie(c.Request, cookie, v.EndsAt))
	return redirect(c, "/"), nil
}

// personOf finds or makes the user of an identity, with what it may do as of now. The
// link is issuer and subject for ever. Nobody is linked by a name or an address, which
// whoever runs the provider could give to somebody else.
func (s *server) personOf(ctx context.Context, id oidc.Identity) (store.User, error) {
	_, grants := id.Grants.Columns()
	now := s.Now()
	u, err := s.Store.UserBySubject(ctx, id.Issuer, id.Subject)
	if errors.Is(err, store.ErrNotFound) && len(id.Grants) > 0 { // strangers leave nothing behind
		u, err = s.newPerson(ctx, id, grants)
	} else if errors.Is(err, store.ErrNotFound) {
		return store.User{Name: personName(id.Name)}, nil
	}
	if err != nil {
		return u, err
	}
	u.Grants = grants
	return u, s.Store.SignedIn(ctx, u.ID, grants, now, len(id.Grants) == 0)
}

// nameTries bounds how many users of one name there can be.
const nameTries = 1000

func (s *server) newPerson(ctx context.Context, id oidc.Identity, grants string) (store.User, error) {
	u := store.User{ID: store.NewID("user"), Issuer: id.Issuer, Subject: id.Subject, Grants: grants, CreatedBy: id.Issuer, CreatedAt: s.Now()}
	base := personName(id.Name)
	var err error
	for n := 1; n <= nameTries; n++ {
		if u.Name = base; n > 1 { // another person has the name, local or of the provider
			u.Name = base + "-" + strconv.Itoa(n)
		}
		if err = s.Store.AddUser(ctx, u); !errors.Is(err, store.ErrExists) {
			return u, err
		}
		if have, herr := s.Store.UserBySubject(ctx, id.Issuer, id.Subject); herr == nil { // signed in twice at once
			return have, nil
		}
	}
	return u, err
}

// personName makes a user's name of what a provider calls somebody.
func personName(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		if b.Len() >= 50 {
			break
		}
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', b.Len() > 0 && strings.ContainsRune("._@+-", r):
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	if out := b.String(); auth.CheckUserName(out) == nil {
		return out
	}
	return "person"
}
