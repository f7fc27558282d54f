package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/meridian-gtm/meridian/control/auth"
)

// What callers tell apart. Causes are for the log: they may quote the provider.
var (
	// ErrUnreachable: the provider has not been found yet, or does not answer.
	ErrUnreachable = errors.New("the identity provider does not answer")
	// ErrRefused: the provider or the person said no.
	ErrRefused = errors.New("the identity provider refused the sign-in")
	// ErrInvalid: what came back is not an answer to this sign-in.
	ErrInvalid = errors.New("the sign-in cannot be trusted")
)

// Identity is a person as the provider knows them.
type Identity struct {
	Issuer, Subject string
	Name            string // as people know them; "" when the provider does not say
	Grants          auth.Grants
}

// Provider is one identity provider.
type Provider struct {
	conf Config
	key  []byte
	now  func() time.Time
	log  *slog.Logger
	http *http.Client

	found atomic.Pointer[found]

	mu   sync.Mutex           // guards the field below
	used map[string]time.Time // states that came back, until they end
}

// found is what discovery gave.
type found struct {
	provider *oidc.Provider
	oauth    oauth2.Config // without the secret
	verifier *oidc.IDTokenVerifier
	signOut  string
	issInURL bool // the provider names itself in its answers (RFC 9207)
}

// New returns a provider for a checked Config. key seals sign-ins; processes that share
// a store share it.
func New(conf Config, key []byte, now func() time.Time, log *slog.Logger) *Provider {
	return &Provider{conf: conf, key: key, now: now, log: log, used: map[string]time.Time{},
		// Bounded, for requests of people wait for it; it follows no redirect, since none
		// of the provider's endpoints is elsewhere than discovery says.
		http: &http.Client{Timeout: 10 * time.Second, Transport: http.DefaultTransport.(*http.Transport).Clone(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// How soon a provider that does not answer is asked again, and one that did is read
// anew, should its endpoints have moved.
const (
	retryFirst, retryMost = time.Second, time.Minute
	rereadEvery           = time.Hour
)

// Run looks for the provider until it answers, and reads it anew now and then, until
// ctx ends.
func (p *Provider) Run(ctx context.Context) error {
	defer p.http.CloseIdleConnections()
	wait, failing := retryFirst, false
	for {
		err := p.discover(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			if failing || wait != rereadEvery {
				p.log.Info("identity provider found", "issuer", p.conf.Issuer)
			}
			wait, failing = rereadEvery, false
		default:
			if !failing { // said once
				p.log.Warn("identity provider does not answer; trying on", "issuer", p.conf.Issuer, "err", err)
			}
			if failing {
				wait = min(2*wait, retryMost)
			} else {
				wait, failing = retryFirst, true
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func (p *Provider) discover(ctx context.Context) error {
	// The provider keeps the context's client for its keys, so the context must not have
	// an end of its own (deps.md 2.2); the client's time limit bounds each request.
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.http), p.conf.Issuer)
	if err != nil {
		return err
	}
	var meta struct {
		SignOut  string   `json:"end_session_endpoint"`
		Methods  []string `json:"token_endpoint_auth_methods_supported"`
		Algs     []string `json:"id_token_signing_alg_values_supported"`
		IssInURL bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := provider.Claims(&meta); err != nil {
		return fmt.Errorf("read discovery document: %w", err)
	}
	// Only signatures that the provider alone can make: with a shared secret or "none"
	// anybody who knows the one, or nothing, could.
	algs := slices.DeleteFunc(slices.Clone(meta.Algs), func(a string) bool {
		return !slices.Contains([]string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}, a)
	})
	if len(algs) == 0 {
		algs = []string{oidc.RS256} // what every provider must offer (Discovery §3)
	}
	f := &found{provider: provider, signOut: meta.SignOut, issInURL: meta.IssInURL,
		oauth:    oauth2.Config{ClientID: p.conf.ClientID, Endpoint: provider.Endpoint(), RedirectURL: p.conf.RedirectURL, Scopes: p.conf.Scopes},
		verifier: provider.Verifier(&oidc.Config{ClientID: p.conf.ClientID, SupportedSigningAlgs: algs, Now: p.now})}
	// Said, not tried out: a failed try may use the code up.
	f.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if len(meta.Methods) > 0 && !slices.Contains(meta.Methods, "client_secret_basic") {
		f.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	p.found.Store(f)
	return nil
}

// Issuer names the provider.
func (p *Provider) Issuer() string { return p.conf.Issuer }

// Ready reports whether the provider has been found.
func (p *Provider) Ready() bool { return p.found.Load() != nil }

// SignOutURL is where a browser signs out at the provider too, "" for nowhere.
func (p *Provider) SignOutURL() string {
	f := p.found.Load()
	if f == nil || f.signOut == "" {
		return ""
	}
	u, err := url.Parse(f.signOut)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.conf.ClientID) // OpenID Connect RP-Initiated Logout §2
	u.RawQuery = q.Encode()
	return u.String()
}

// Begin returns where the browser shall go, and what it shall bring back.
func (p *Provider) Begin() (target, cookie string, err error) {
	f := p.found.Load()
	if f == nil {
		return "", "", ErrUnreachable
	}
	s := pending{State: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier(), Ends: p.now().Add(pendingTime)}
	if cookie, err = seal(p.key, s); err != nil {
		return "", "", err
	}
	return f.oauth.AuthCodeURL(s.State, oidc.Nonce(s.Nonce), oauth2.S256ChallengeOption(s.Verifier)), cookie, nil
}

func random() string {
	b := make([]byte, 24)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Finish takes the browser's way back: the query of the callback, and the cookie. A
// person without any grant is an Identity with none.
func (p *Provider) Finish(ctx context.Context, query url.Values, cookie string) (Identity, error) {
	f := p.found.Load()
	if f == nil {
		return Identity{}, ErrUnreachable
	}
	s, ok := open(p.key, cookie)
	switch {
	case !ok:
		return Identity{}, fmt.Errorf("%w: this browser has not begun it", ErrInvalid)
	case !p.now().Before(s.Ends):
		return Identity{}, fmt.Errorf("%w: it took too long", ErrInvalid)
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(s.State)) != 1:
		return Identity{}, fmt.Errorf("%w: the state is another's", ErrInvalid)
	case f.issInURL && query.Get("iss") != p.conf.Issuer, query.Has("iss") && query.Get("iss") != p.conf.Issuer:
		return Identity{}, fmt.Errorf("%w: it is from another provider (RFC 9207)", ErrInvalid)
	case !p.first(s):
		return Identity{}, fmt.Errorf("%w: it was used already", ErrInvalid)
	case query.Has("error"):
		return Identity{}, fmt.Errorf("%w: %.40q", ErrRefused, query.Get("error"))
	}
	secret, err := p.conf.secret()
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	conf := f.oauth
	conf.ClientSecret = secret
	ctx = oidc.ClientContext(ctx, p.http)
	token, err := conf.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(s.Verifier))
	if err != nil {
		return Identity{}, exchangeError(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := f.verifier.Verify(ctx, raw)
	var offline *url.Error
	switch {
	case errors.As(err, &offline):
		return Identity{}, fmt.Errorf("%w: keys: %w", ErrUnreachable, err)
	case err != nil:
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return p.identity(ctx, f, token, id, s)
}

// first reports whether a state comes back for the first time. The provider takes a
// code only once as well, which holds across processes.
func (p *Provider) first(s pending) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for k, ends := range p.used {
		if !now.Before(ends) {
			delete(p.used, k)
		}
	}
	if _, again := p.used[s.State]; again {
		return false
	}
	p.used[s.State] = s.Ends
	return true
}

// exchangeError tells a provider that says no from one that does not answer. What it
// wrote is left out, but for the code of the error: it may quote the secret.
func exchangeError(err error) error {
	var r *oauth2.RetrieveError
	if errors.As(err, &r) && r.Response != nil && r.Response.StatusCode < 500 {
		return fmt.Errorf("%w: the code was not taken (%.40q)", ErrRefused, r.ErrorCode)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// skew is how far the provider's clock may be ahead.
const skew = 2 * time.Minute

// identity checks what the library leaves to its user (Core §3.1.3.7), and reads the claims.
func (p *Provider) identity(ctx context.Context, f *found, token *oauth2.Token, id *oidc.IDToken, s pending) (Identity, error) {
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return Identity{}, fmt.Errorf("%w: claims: %w", ErrInvalid, err)
	}
	azp, named := claims["azp"].(string)
	strange := slices.ContainsFunc(id.Audience, func(a string) bool { return a != p.conf.ClientID && !slices.Contains(p.conf.Audiences, a) })
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(s.Nonce)) != 1:
		return Identity{}, fmt.Errorf("%w: the nonce is another's", ErrInvalid)
	case strange:
		return Identity{}, fmt.Errorf("%w: it is for others too", ErrInvalid)
	case len(id.Audience) > 1 && !named, named && azp != p.conf.ClientID:
		return Identity{}, fmt.Errorf("%w: it was made for another client", ErrInvalid)
	case id.IssuedAt.After(p.now().Add(skew)):
		return Identity{}, fmt.Errorf("%w: it was issued in the future", ErrInvalid)
	case id.Subject == "" || len(id.Subject) > 255:
		return Identity{}, fmt.Errorf("%w: it has no subject", ErrInvalid)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if _, there := claims[p.conf.GroupsClaim]; !there && f.provider.UserInfoEndpoint() != "" {
		// Many providers keep groups out of the token, which travels far.
		info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return Identity{}, fmt.Errorf("%w: user info: %w", ErrUnreachable, err)
		}
		var more map[string]any
		if err := info.Claims(&more); err != nil || info.Subject != id.Subject { // Core §5.3.2
			return Identity{}, fmt.Errorf("%w: the user info is another's", ErrInvalid)
		}
		for k, v := range more {
			if _, have := claims[k]; !have {
				claims[k] = v
			}
		}
	}
	name, _ := claims[p.conf.NameClaim].(string)
	return Identity{Issuer: p.conf.Issuer, Subject: id.Subject, Name: name, Grants: p.conf.grants(groups(claims[p.conf.GroupsClaim]))}, nil
}

// groups reads a claim that is a list of names, or one name.
func groups(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, g := range v {
			if s, ok := g.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
