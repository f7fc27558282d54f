package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
)

// route is one operation: what the document says and what runs.
type route struct {
	method, path string // path without /api/v1
	id, summary  string
	tag          string
	need         auth.Role // on everything, unless scoped
	needs        string    // text for what need cannot say
	open         bool      // for those without a credential
	scoped       bool      // the handler holds each object that it writes to the caller's grants
	params       []*huma.Param
	body         *huma.Schema // of the request, nil for none
	bodyType     string       // media type, default application/json
	limit        int64        // of the body, default bodyLimit
	status       int          // of success, default 200
	also         int          // another status of success, with the same answer
	answer       *huma.Schema // of success
	answerType   string       // media type, default application/json
	plan         bool         // may answer a plan to ?dry_run=true
	writes       bool         // changes something though a viewer may call it
	headers      []string     // those of If-Match and the like that it takes; set by route
	page         bool         // a browser is sent back to sign in when it fails
	secret       bool         // the answer holds a secret: it is audited before it goes out
	handle       func(*call) (answer, error)
}

// answer is what a handler gives back: a body to encode as JSON, or raw text.
type answer struct {
	status      int // default the route's
	body        any
	raw         []byte
	contentType string
	etag        string
	location    string
	done        bool // the handler has written everything itself
	// stream, if set, writes the body, once all is decided; when it fails the connection
	// is broken off, so that nobody takes a part for the whole.
	stream func(io.Writer) error
}

// call is one request on its way through a handler.
type call struct {
	*http.Request
	w    http.ResponseWriter
	who  auth.Principal
	deed deed
}

// bodyLimit is generous for single objects: a custom line of 100,000 networks is
// about 2 MiB. changeLimit is the contract's for whole change sets.
const (
	bodyLimit   = 8 << 20
	changeLimit = 64 << 20
)

var pathParam = regexp.MustCompile(`\{([a-z]+)\}`)

func (s *server) route(r route) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.limit == 0 {
		r.limit = bodyLimit
	}
	if r.answerType == "" {
		r.answerType = "application/json"
	}
	if r.bodyType == "" {
		r.bodyType = "application/json"
	}
	r.scoped = r.scoped || r.plan // one object or more, through ChangeSet.Permit
	path := "/api/v1" + r.path
	op := &huma.Operation{
		Method: r.method, Path: path, OperationID: r.id, Summary: r.summary, Tags: []string{r.tag},
		Description: r.needText(),
		Extensions:  map[string]any{"x-meridian-role": r.mark(), "x-meridian-scoped": r.scoped, "x-meridian-secret": r.secret},
		Parameters:  slices.Clone(r.params),
		Responses:   map[string]*huma.Response{"default": {Description: "A problem document.", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: s.schemaOf(reflect.TypeFor[Problem]())}}}},
		Security:    []map[string][]string{{"token": {}}, {"session": {}}, {"session_tls": {}}},
	}
	if r.open {
		op.Security = []map[string][]string{}
		s.open[r.method+" "+path] = true
	}
	for _, m := range pathParam.FindAllStringSubmatch(path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: m[1], In: "path", Required: true, Description: pathDoc[m[1]], Schema: &huma.Schema{Type: huma.TypeString}})
	}
	if r.body != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{r.bodyType: {Schema: r.body}}}
	}
	content := map[string]*huma.MediaType{r.answerType: {Schema: r.answer}}
	if r.plan {
		op.Parameters = append(op.Parameters, writeParams...)
		content[planType] = &huma.MediaType{Schema: s.schemaOf(reflect.TypeFor[changeAnswer]())}
	}
	if r.plan && r.status == http.StatusCreated { // a dry run creates nothing
		op.Responses["200"] = &huma.Response{Description: "What it would do.", Content: map[string]*huma.MediaType{planType: content[planType]}}
		delete(content, planType)
	}
	op.Responses[strconv.Itoa(r.status)] = &huma.Response{Description: http.StatusText(r.status), Content: content}
	if r.also != 0 {
		op.Responses[strconv.Itoa(r.also)] = &huma.Response{Description: http.StatusText(r.also), Content: content}
	}
	if r.method == http.MethodPut && r.plan {
		op.Responses["201"] = &huma.Response{Description: "Created.", Content: map[string]*huma.MediaType{r.answerType: {Schema: r.answer}}}
	}
	s.doc.AddOperation(op)

	known := map[string]bool{}
	for _, p := range op.Parameters {
		if p.In == "query" {
			known[p.Name] = true
		}
		if p.In == "header" {
			r.headers = append(r.headers, p.Name)
		}
	}
	s.mux.HandleFunc(r.method+" "+path, func(w http.ResponseWriter, req *http.Request) {
		if l, ok := req.Context().Value(logKey{}).(*logLine); ok {
			l.route = r.path
		}
		c := &call{Request: req, w: w, who: principal(req)}
		c.deed.Audit = newAudit(req, c.who, r.path)
		a, err := s.serve(&r, known, c)
		if err != nil {
			err = refusal(c.who, err)
		}
		if aerr := s.audit(&r, c, err); aerr != nil && r.secret && err == nil {
			err = aerr // nobody shall get a secret unseen
		}
		if err != nil && r.page && wantsPage(req) {
			s.failPage(w, req, err)
			return
		}
		if err != nil {
			s.fail(w, req, err)
			return
		}
		if !a.done {
			s.reply(w, req, &r, a)
		}
	})
}

func (s *server) serve(r *route, known map[string]bool, c *call) (answer, error) {
	if err := r.admit(c.who); err != nil {
		return answer{}, err
	}
	if !storable(c.URL.Path) {
		return answer{}, problem(http.StatusBadRequest, "bad_path", "The path holds a zero byte or is not UTF-8; no object has such a name.")
	}
	for k, values := range c.URL.Query() {
		if known[k] && slices.ContainsFunc(values, func(v string) bool { return !storable(v) }) {
			return answer{}, invalidField(k, "invalid_parameter", "holds a zero byte or is not UTF-8")
		}
		if !known[k] {
			names := make([]string, 0, len(known))
			for n := range known {
				names = append(names, n)
			}
			slices.Sort(names)
			text := "is not a parameter here; "
			if len(names) == 0 {
				text += "this takes none"
			} else {
				text += "use " + strings.Join(names, ", ")
			}
			return answer{}, invalidField(k, "unknown_parameter", text)
		}
	}
	if reads := r.method == http.MethodGet || r.need == auth.Viewer && !r.writes && !r.secret; !reads {
		// Who sends one of these counts on it.
		for _, h := range []string{"If-Match", "If-None-Match", "Idempotency-Key"} {
			if c.Header.Get(h) != "" && !slices.Contains(r.headers, h) {
				return answer{}, invalidField(h, "invalid_parameter", "has no meaning here; leave it out")
			}
		}
	}
	c.Body = http.MaxBytesReader(c.w, c.Body, r.limit)
	if r.body != nil && !acceptable(c.Header.Get("Content-Type"), r, c.who.Token == "") {
		return answer{}, problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the body as "+r.bodyType+".")
	}
	if r.method == http.MethodGet {
		s.control.Fresh(c.Context())
	}
	return r.handle(c)
}

// storable reports whether a database can be asked for a text.
func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// acceptable holds a body to the media type of its route. What a form of another site
// can send is not taken from browsers, though the cross-origin guard stops it as well.
func acceptable(header string, r *route, browser bool) bool {
	if header == "" || r.bodyType == masterType {
		return !browser || r.bodyType == masterType && strings.HasPrefix(header, masterType)
	}
	got, _, err := mime.ParseMediaType(header)
	// curl -d calls everything a form, which is safe with a token: no page has it.
	return err == nil && (got == r.bodyType || got == "application/json" || got == "application/x-www-form-urlencoded" && !browser)
}

func (s *server) reply(w http.ResponseWriter, req *http.Request, r *route, a answer) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if a.etag != "" {
		h.Set("ETag", a.etag)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.status == 0 {
		a.status = r.status
	}
	if a.contentType == "" {
		a.contentType = r.answerType
	}
	if a.stream != nil {
		h.Set("Content-Type", a.contentType)
		w.WriteHeader(a.status)
		if err := a.stream(w); err != nil {
			s.log.Error("answer broken off", "request_id", requestID(req), "path", req.URL.Path, "err", err)
			panic(http.ErrAbortHandler)
		}
		return
	}
	if a.raw == nil {
		b, err := json.Marshal(a.body)
		if err != nil {
			s.fail(w, req, fmt.Errorf("encode answer: %w", err))
			return
		}
		a.raw = append(b, '\n')
	}
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(len(a.raw)))
	w.WriteHeader(a.status)
	w.Write(a.raw)
}

// fail writes an error; what is internal goes to the log and shows only its id.
func (s *server) fail(w http.ResponseWriter, req *http.Request, err error) {
	id := requestID(req)
	if req.Context().Err() != nil && errors.Is(err, context.Canceled) {
		// The client is gone, or this process stops. Something must be written all the same:
		// net/http makes a 200 of silence, and a client that is there would take it for done.
		writeProblem(w, problem(http.StatusServiceUnavailable, "stopping", "This server stops before it began; nothing was changed. Send the request again, or to another server."), id)
		return
	}
	p, public := problemOf(err)
	if !public || p.Status >= 500 {
		s.log.Error("request failed", "request_id", id, "method", req.Method, "path", withoutSecrets(req.URL.Path), "err", err)
	}
	if p.Code == "store_unavailable" && (req.Method == http.MethodGet || req.Method == http.MethodHead) {
		p.Detail = "The configuration store does not answer, and what this needs is not in memory. Answers to clients go on; ask again later."
	}
	writeProblem(w, p, id)
}

// read returns the whole body.
func (c *call) read() ([]byte, error) {
	b, err := io.ReadAll(c.Body)
	if err != nil {
		return nil, bodyError(err)
	}
	return b, nil
}

func bodyError(err error) error {
	if _, ok := problemOf(err); ok {
		return err
	}
	return problem(http.StatusBadRequest, "bad_body", "The body could not be read to its end; send it again.")
}

// decode reads a body into a struct, held strictly to its schema.
func decode[T any](s *server, c *call) (T, error) {
	out, _, err := decodeRaw[T](s, c)
	return out, err
}

// decodeRaw is decode with the bytes, which an idempotency key is bound to.
func decodeRaw[T any](s *server, c *call) (out T, b []byte, err error) {
	if b, err = c.read(); err != nil {
		return out, nil, err
	}
	v, err := parse(b)
	if err != nil {
		return out, nil, err
	}
	check := structure{registry: s.doc.Components.Schemas, strict: true}
	check.check(s.schemaOf(reflect.TypeFor[T]()), "", v)
	if len(check.found) > 0 {
		return out, nil, invalid(check.found...)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return out, nil, invalidField("", "invalid_value", err.Error())
	}
	return out, b, nil
}
