package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/internal/pki"
	"github.com/meridian-gtm/meridian/traffic"
)

// maxAnswer bounds an answer; a whole export of a large installation is below it.
const maxAnswer = 512 << 20

// Client is a server's address with the credential for it.
type Client struct {
	server string
	token  string
	cookie *http.Cookie // of a session, in place of the token
	agent  string
	http   *http.Client
}

// New returns a client of the server at a base URL like http://127.0.0.1:8080. token
// may be empty; the server then refuses all but what anyone may read.
func New(server, token, version string) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("server %q is not a URL like http://127.0.0.1:8080", server)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the token has a character that no token has; read it again from its file")
	}
	return &Client{server: strings.TrimSuffix(u.Scheme+"://"+u.Host+u.Path, "/"), token: token, agent: "meridian/" + version, http: &http.Client{}}, nil
}

// Trust makes the authorities of a PEM file the only ones that are believed.
func (c *Client) Trust(path string) error {
	ders, err := pki.ReadBundle(path)
	if err != nil {
		return err
	}
	conf, err := pki.Client(ders...)
	if err != nil {
		return err
	}
	conf.MinVersion = tls.VersionTLS12 // a proxy may stand between
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = conf
	c.http.Transport = t
	return nil
}

// Server is the base URL.
func (c *Client) Server() string { return c.server }

// Request is one call. Path is below /api/v1.
type Request struct {
	Method string
	Path   string // escaped already, like /pools/a%20b
	Query  url.Values
	Body   any    // sent as JSON; []byte, string and what an io.Reader gives are sent as they are
	Type   string // content type of such a body
	Header http.Header
	// Timeout of the whole call; 0 means one minute, negative none.
	Timeout time.Duration
}

// Unreachable means that no answer came: the server is down, elsewhere, or cut off.
type Unreachable struct {
	Server string
	Err    error
}

func (e *Unreachable) Error() string {
	cause := e.Err
	var u *url.Error
	if errors.As(cause, &u) {
		cause = u.Err
	}
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(e.Err, &unknown):
		return fmt.Sprintf("cannot trust %s: an authority that is not known here has signed its certificate\nCopy ca.pem from control's data folder to this machine and name it with --ca or MERIDIAN_CA.", e.Server)
	case errors.As(e.Err, &name):
		return fmt.Sprintf("cannot trust %s: %v\nUse a name that stands in its certificate, or start control with --tls-cert and --tls-key for this one.", e.Server, cause)
	case strings.Contains(cause.Error(), "HTTP response to HTTPS client"):
		return fmt.Sprintf("cannot reach %s: it speaks plain HTTP there; write http:// instead of https://", e.Server)
	}
	return fmt.Sprintf("cannot reach %s: %v\nIs the server running there? Start one with \"meridian serve\", or name another with --server or MERIDIAN_SERVER.", e.Server, cause)
}

// Unwrap returns the cause.
func (e *Unreachable) Unwrap() error { return e.Err }

// Problem is a refusal: an RFC 9457 problem document.
type Problem struct {
	Status int               `json:"status"`
	Code   string            `json:"code"`
	Title  string            `json:"title"`
	Detail string            `json:"detail"`
	Errors []traffic.Problem `json:"errors"`
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if text == "" {
		text = fmt.Sprintf("the server answered %d %s", p.Status, http.StatusText(p.Status))
	}
	for _, e := range p.Errors {
		if len(p.Errors) > 1 || e.String() != p.Detail {
			text += "\n  " + e.String()
		}
	}
	return text
}

// Do sends a request and decodes the answer into out: a pointer for JSON, *[]byte
// for the bytes themselves, nil to drop it.
func (c *Client) Do(ctx context.Context, r Request, out any) error {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &Unreachable{c.server, fmt.Errorf("read the answer: %w", err)}
	}
	if resp.StatusCode >= 300 {
		return problem(resp, body)
	}
	switch to := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*to = body
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the answer of %s to %s %s is not what this release expects (%v); is it a Meridian server, and are both of one release?", c.server, r.Method, r.Path, err)
	}
	return nil
}

// SignIn begins a session, which the client uses from then on in place of its token,
// until end is called.
func (c *Client) SignIn(ctx context.Context, name, password string) (end func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c.token = ""
	resp, err := c.send(ctx, Request{Method: http.MethodPost, Path: "/session", Body: map[string]string{"name": name, "password": password}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, &Unreachable{c.server, fmt.Errorf("read the answer: %w", err)}
	}
	if resp.StatusCode >= 300 {
		return nil, problem(resp, body)
	}
	for _, k := range resp.Cookies() {
		c.cookie = &http.Cookie{Name: k.Name, Value: k.Value}
	}
	if c.cookie == nil {
		return nil, fmt.Errorf("%s began no session; is it a Meridian server?", c.server)
	}
	return func() {
		// It ends by itself if this does not reach the server.
		_ = c.Do(context.WithoutCancel(ctx), Request{Method: http.MethodDelete, Path: "/session"}, nil)
		c.cookie = nil
	}, nil
}

// Download writes the answer of a GET as it comes, however long it is.
func (c *Client) Download(ctx context.Context, path string, to io.Writer) error {
	resp, err := c.send(ctx, Request{Method: http.MethodGet, Path: path})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return &Unreachable{c.server, fmt.Errorf("read the answer: %w", err)}
		}
		return problem(resp, body)
	}
	if _, err := io.Copy(to, resp.Body); err != nil {
		return &Unreachable{c.server, fmt.Errorf("read the answer: %w", err)}
	}
	return nil
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	var body io.Reader
	switch b := r.Body.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(b)
	case string:
		body = strings.NewReader(b)
	case io.Reader:
		body = b
	default:
		enc, err := json.Marshal(b)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body, r.Type = bytes.NewReader(enc), "application/json"
	}
	target := c.server + "/api/v1" + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	if r.Type != "" {
		req.Header.Set("Content-Type", r.Type)
	}
	req.Header.Set("User-Agent", c.agent)
	switch {
	case c.cookie != nil:
		req.AddCookie(c.cookie)
	case c.token != "":
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, &Unreachable{c.server, err}
	}
	return resp, nil
}

// problem reads a refusal; one without a problem document (a proxy's page) still
// gives its status.
func problem(resp *http.Response, body []byte) error {
	p := &Problem{}
	if err := json.Unmarshal(body, p); err != nil {
		if bytes.Contains(body, []byte("HTTP request to an HTTPS server")) { // net/http's own words
			return &Problem{Status: resp.StatusCode, Detail: fmt.Sprintf("%s speaks TLS; write https:// instead of http://", resp.Request.URL.Host)}
		}
		p = &Problem{Detail: fmt.Sprintf("%s answered %s without a reason; is it a Meridian server?", resp.Request.URL.Host, resp.Status)}
	}
	p.Status = resp.StatusCode
	return p
}

// page is a list's answer.
type page struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next_cursor"`
}

// Each calls f for every item of a list, page by page, until it returns false.
func (c *Client) Each(ctx context.Context, path string, query url.Values, f func(json.RawMessage) bool) error {
	q := url.Values{}
	for k, v := range query {
		q[k] = v
	}
	if q.Get("limit") == "" {
		q.Set("limit", "1000")
	}
	for {
		var p page
		if err := c.Do(ctx, Request{Method: http.MethodGet, Path: path, Query: q}, &p); err != nil {
			return err
		}
		for _, item := range p.Items {
			if !f(item) {
				return nil
			}
		}
		if p.Next == "" {
			return nil
		}
		q.Set("cursor", p.Next)
	}
}
