package oidctest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

// Person is who signs in at the provider, and what is wrong with what it says.
type Person struct {
	Subject string   `json:"subject"`
	Name    string   `json:"name"`
	Groups  []string `json:"groups"`
	// Wrong is what the next token has wrong: nonce, audience, more audiences, azp,
	// issuer, expired, future, no subject, alg none, alg hmac, signature, at_hash; or
	// deny, which sends an error back; or response issuer; or userinfo, which tells of
	// another. "elsewhere" keeps groups out of the token: only the user info has them.
	Wrong string `json:"wrong"`
	// Now shifts the provider's clock.
	Now time.Duration `json:"now"`
}

// provider is the process's state.
type provider struct {
	issuer, client, secret string

	mu     sync.Mutex // guards the fields below
	keys   []*rsa.PrivateKey
	kids   []string
	hidden bool // the newest key is not in the published set yet
	who    Person
	codes  map[string]grant
	tokens map[string]Person
	asked  map[string]int // requests by path
}

// grant is what a code stands for.
type grant struct {
	person                     Person
	redirect, nonce, challenge string
}

var b64 = base64.RawURLEncoding

func text(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return b64.EncodeToString(b)
}

// serve runs the provider on an address until it is killed.
func serve(addr, client, secret string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	p := &provider{issuer: "http://" + l.Addr().String(), client: client, secret: secret, codes: map[string]grant{}, tokens: map[string]Person{}, asked: map[string]int{}}
	if err := p.rotate(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.publish)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userinfo)
	mux.HandleFunc("POST /_person", p.setPerson)
	mux.HandleFunc("POST /_rotate", func(w http.ResponseWriter, r *http.Request) {
		if err := p.rotate(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.hidden = r.URL.Query().Get("hidden") != ""
	})
	mux.HandleFunc("GET /_asked", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		answer(w, p.asked)
	})
	fmt.Println(p.issuer)
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.URL.Path]++
		p.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// rotate makes a new key for what is signed from now on; the old ones stay published.
func (p *provider) rotate() error {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys, p.kids = append(p.keys, k), append(p.kids, text(6))
	return nil
}

func (p *provider) discovery(w http.ResponseWriter, r *http.Request) {
	answer(w, map[string]any{"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token", "jwks_uri": p.issuer + "/keys",
		"userinfo_endpoint": p.issuer + "/userinfo", "end_session_endpoint": p.issuer + "/logout", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		// As some do: the weak ones stand beside the good one, and a client must not take them.
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true, "token_endpoint_auth_methods_supported": []string{"client_secret_basic"}})
}

func (p *provider) publish(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []map[string]string
	for i, k := range p.keys {
		if p.hidden && i == len(p.keys)-1 {
			continue
		}
		list = append(list, map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": p.kids[i], "n": b64.EncodeToString(k.N.Bytes()), "e": b64.EncodeToString(big.NewInt(int64(k.E)).Bytes())})
	}
	answer(w, map[string]any{"keys": list})
}

func (p *provider) setPerson(w http.ResponseWriter, r *http.Request) {
	var who Person
	if err := json.NewDecoder(r.Body).Decode(&who); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.who = who
}

// authorize is the page at which the person signs in; this one says yes at once.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != p.client || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("state") == "" || q.Get("nonce") == "" {
		http.Error(w, "the request is not what this client registered", http.StatusBadRequest)
		return
	}
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := url.Values{"state": {q.Get("state")}, "iss": {p.issuer}}
	switch p.who.Wrong {
	case "deny":
		out.Set("error", "access_denied")
	case "response issuer":
		out.Set("iss", "https://other.example")
	}
	if !out.Has("error") {
		code := text(18)
		p.codes[code] = grant{p.who, q.Get("redirect_uri"), q.Get("nonce"), q.Get("code_challenge")}
		out.Set("code", code)
	}
	back.RawQuery = out.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"error":%q}`, code)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if id != url.QueryEscape(p.client) || subtle.ConstantTimeCompare([]byte(secret), []byte(url.QueryEscape(p.secret))) != 1 {
		refuse(w, "invalid_client")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := r.PostFormValue("code")
	g, ok := p.codes[code]
	delete(p.codes, code) // once (RFC 6749 §4.1.2)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || g.redirect != r.PostFormValue("redirect_uri") || g.challenge != b64.EncodeToString(sum[:]) || r.PostFormValue("grant_type") != "authorization_code" {
		refuse(w, "invalid_grant")
		return
	}
	access := text(24)
	p.tokens[access] = g.person
	signed, err := p.idToken(g, access)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": signed})
}

func (p *provider) userinfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := p.tokens[r.Header.Get("Authorization")[min(len("Bearer "), len(r.Header.Get("Authorization"))):]]
	if !ok {
		http.Error(w, "no such token", http.StatusUnauthorized)
		return
	}
	out := map[string]any{"sub": who.Subject, "groups": who.Groups, "preferred_username": who.Name}
	if who.Wrong == "userinfo" {
		out["sub"] = "somebody else"
	}
	answer(w, out)
}

// idToken signs what the provider says of a person, with what shall be wrong.
func (p *provider) idToken(g grant, access string) (string, error) {
	now := time.Now().Add(g.person.Now)
	half := sha256.Sum256([]byte(access))
	claims := map[string]any{"iss": p.issuer, "sub": g.person.Subject, "aud": p.client, "nonce": g.nonce, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"preferred_username": g.person.Name, "groups": g.person.Groups, "email": g.person.Name + "@example.com", "email_verified": true, "at_hash": b64.EncodeToString(half[:16])}
	maps.Copy(claims, map[string]map[string]any{
		"nonce":          {"nonce": text(24)},
		"audience":       {"aud": "another"},
		"more audiences": {"aud": []string{p.client, "another"}, "azp": p.client},
		"azp":            {"aud": []string{p.client, "friend"}, "azp": "friend"},
		"no azp":         {"aud": []string{p.client, "friend"}},
		"issuer":         {"iss": "https://other.example"},
		"expired":        {"exp": now.Add(-time.Second).Unix()},
		"future":         {"iat": now.Add(time.Hour).Unix()},
		"no subject":     {"sub": ""},
		"at_hash":        {"at_hash": b64.EncodeToString(make([]byte, 16))},
	}[g.person.Wrong])
	if g.person.Wrong == "elsewhere" || g.person.Wrong == "userinfo" {
		delete(claims, "groups")
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	alg, last := "RS256", len(p.keys)-1
	switch g.person.Wrong {
	case "alg none":
		alg = "none"
	case "alg hmac":
		alg = "HS256"
	}
	head, err := json.Marshal(map[string]string{"alg": alg, "kid": p.kids[last], "typ": "JWT"})
	if err != nil {
		return "", err
	}
	signed := b64.EncodeToString(head) + "." + b64.EncodeToString(body)
	var sig []byte
	switch alg {
	case "RS256":
		sum := sha256.Sum256([]byte(signed))
		if sig, err = rsa.SignPKCS1v15(rand.Reader, p.keys[last], crypto.SHA256, sum[:]); err != nil {
			return "", err
		}
	case "HS256": // with what everybody knows: the published key
		m := hmac.New(sha256.New, p.keys[last].N.Bytes())
		m.Write([]byte(signed))
		sig = m.Sum(nil)
	}
	if g.person.Wrong == "signature" {
		sig[0] ^= 1
	}
	return signed + "." + b64.EncodeToString(sig), nil
}
