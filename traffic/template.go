package traffic

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Protocol is what a probe speaks.
type Protocol string

// The probe protocols.
const (
	Ping  Protocol = "ping"
	TCP   Protocol = "tcp"
	HTTP  Protocol = "http"
	HTTPS Protocol = "https"
)

// Template says how to probe. Each address that uses it, with a port, is a health task.
type Template struct {
	Name            string       `json:"name"`
	Protocol        Protocol     `json:"protocol" enum:"ping,tcp,http,https"`
	IPVersion       string       `json:"ip_version" enum:"IPv4,IPv6" default:"IPv4" doc:"Family of the probed address; must fit it."`
	Interval        Duration     `json:"interval" doc:"Time between two probes, 1s to 1h." default:"60s"`
	Timeout         Duration     `json:"timeout" doc:"Time limit of one probe; below the interval." default:"2s"`
	EvaluationCount int          `json:"evaluation_count" doc:"Bad probes in a row after which a vantage calls the task failed." default:"2" minimum:"1" maximum:"10"`
	RecoveryCount   int          `json:"recovery_count" doc:"Good probes in a row after which a vantage calls it good again; 0 means as evaluation_count." minimum:"0" maximum:"10"`
	FailureRate     int          `json:"failure_rate" doc:"Percent of voting vantages that must be exceeded for the task to be down." default:"50" minimum:"0" maximum:"100"`
	Vantages        []string     `json:"vantages" doc:"Vantage ids or label selectors like country=CN,isp=telecom; empty means all."`
	Ping            *PingOptions `json:"ping,omitempty"`
	TCP             *TCPOptions  `json:"tcp,omitempty"`
	HTTP            *HTTPOptions `json:"http,omitempty"`
	HTTPS           *HTTPOptions `json:"https,omitempty"`
	Meta
}

// PingOptions are the options of protocol ping.
type PingOptions struct {
	Packets  int `json:"packets" doc:"Echo requests of one probe." default:"5" minimum:"1" maximum:"20"`
	LossRate int `json:"loss_rate" doc:"Percent of lost packets from which the probe is bad." default:"80" minimum:"1" maximum:"100"`
}

// TCPOptions are the options of protocol tcp.
type TCPOptions struct {
	Send   string `json:"send,omitempty" doc:"Text to send after connecting; \\r, \\n, \\t and \\xNN are understood." maxLength:"4096"`
	Expect string `json:"expect,omitempty" doc:"Text that the first 4 KiB of the reply must contain." maxLength:"4096"`
}

// HTTPOptions are the options of protocols http and https.
type HTTPOptions struct {
	Host            string           `json:"host,omitempty" doc:"Host header; default is the probed address."`
	Path            string           `json:"path" default:"/"`
	Method          string           `json:"method" default:"GET" doc:"GET, HEAD, POST or OPTIONS."`
	ExpectStatus    []string         `json:"expect_status" doc:"Good status codes, each a number or a range like 200-399 (the default)."`
	ExpectBody      string           `json:"expect_body,omitempty" doc:"Text that the first 64 KiB of the body must contain." maxLength:"4096"`
	FollowRedirects bool             `json:"follow_redirects,omitempty" doc:"Follow up to 5 redirects; each target is held to the target policy again."`
	Headers         map[string]Value `json:"headers,omitempty" doc:"Further request headers; a value is text or {value_from: {file: PATH}} read by the prober."`
	SNI             string           `json:"sni,omitempty" doc:"https only: server name in the TLS hello; default is host."`
	Verify          *bool            `json:"verify,omitempty" doc:"https only: check the certificate; default true."`
	MinDaysLeft     int              `json:"min_days_left,omitempty" doc:"https only: the certificate must be valid for at least so many days." minimum:"0" maximum:"3650"`
}

// VerifyTLS is Verify with its default.
func (h *HTTPOptions) VerifyTLS() bool { return h.Verify == nil || *h.Verify }

// Value is text given directly or by reference to a file on the machine that uses
// it, so that a secret is neither stored nor shown.
type Value struct {
	Text string
	File string
}

type valueFrom struct {
	ValueFrom struct {
		File string `json:"file"`
	} `json:"value_from"`
}

// MarshalJSON writes the form that was given.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.File == "" {
		return json.Marshal(v.Text)
	}
	var f valueFrom
	f.ValueFrom.File = v.File
	return json.Marshal(f)
}

// UnmarshalJSON reads a string or {"value_from": {"file": "…"}}.
func (v *Value) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &v.Text); err == nil {
		v.File = ""
		return nil
	}
	var f valueFrom
	if err := json.Unmarshal(b, &f); err != nil || f.ValueFrom.File == "" {
		return errors.New("a value is text or {value_from: {file: PATH}}")
	}
	v.Text, v.File = "", f.ValueFrom.File
	return nil
}

func defaultTemplate() *Template {
	return &Template{IPVersion: "IPv4", Interval: Duration(60 * time.Second), Timeout: Duration(2 * time.Second),
		EvaluationCount: 2, FailureRate: 50, Meta: Meta{Enabled: true}}
}

// UnmarshalJSON sets the defaults before it reads.
func (t *Template) UnmarshalJSON(b []byte) error {
	type plain Template
	p := plain(*defaultTemplate())
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*t = Template(p)
	return nil
}

// Key implements Object.
func (t *Template) Key() Key { return Key{KindTemplate, t.Name} }

// Normalize implements Object: the options block of the protocol exists and holds
// its defaults, and a recovery count of 0 stays (it means "as evaluation_count").
func (t *Template) Normalize() {
	t.Meta.normalize()
	if t.Vantages == nil {
		t.Vantages = []string{}
	}
	switch t.Protocol {
	case Ping:
		if t.Ping == nil {
			t.Ping = &PingOptions{}
		}
		if t.Ping.Packets == 0 {
			t.Ping.Packets = 5
		}
		if t.Ping.LossRate == 0 {
			t.Ping.LossRate = 80
		}
	case TCP:
		if t.TCP == nil {
			t.TCP = &TCPOptions{}
		}
	case HTTP:
		t.HTTP = t.HTTP.withDefaults()
	case HTTPS:
		t.HTTPS = t.HTTPS.withDefaults()
	}
}

func (h *HTTPOptions) withDefaults() *HTTPOptions {
	if h == nil {
		h = &HTTPOptions{}
	}
	if h.Path == "" {
		h.Path = "/"
	}
	if h.Method == "" {
		h.Method = http.MethodGet
	}
	if len(h.ExpectStatus) == 0 {
		h.ExpectStatus = []string{"200-399"}
	}
	if len(h.Headers) == 0 {
		h.Headers = nil
	}
	return h
}

// Options returns the HTTP options of an http or https template, else nil.
func (t *Template) Options() *HTTPOptions {
	switch t.Protocol {
	case HTTP:
		return t.HTTP
	case HTTPS:
		return t.HTTPS
	}
	return nil
}

// Recovery returns the number of good probes in a row that end a failure.
func (t *Template) Recovery() int {
	if t.RecoveryCount == 0 {
		return t.EvaluationCount
	}
	return t.RecoveryCount
}

// Limits of a template: every prober holds all of them, and a probe must stay small
// beside the traffic that it watches over.
const (
	maxVantages = 1000
	maxText     = 4096 // bytes of send, expect, expect_body, path and a header's value
	maxStatuses = 100
	maxHeaders  = 50
)

// Check implements Object.
func (t *Template) Check(r *Report) {
	t.Meta.check(r)
	if err := checkObjectName(t.Name); err != nil {
		r.Errorf("name", "invalid_name", "%v", err)
	}
	if t.IPVersion != "IPv4" && t.IPVersion != "IPv6" {
		r.Errorf("ip_version", "invalid_value", "is %q; use IPv4 or IPv6", t.IPVersion)
	}
	if d := time.Duration(t.Interval); d < time.Second || d > time.Hour {
		r.Errorf("interval", "out_of_range", "is %v; use 1s to 1h", d)
	}
	if t.Timeout < Duration(time.Millisecond) || t.Timeout >= t.Interval {
		r.Errorf("timeout", "out_of_range", "is %v; use at least 1ms and less than the interval of %v", t.Timeout, t.Interval)
	}
	inRange(r, "evaluation_count", t.EvaluationCount, 1, 10)
	inRange(r, "recovery_count", t.RecoveryCount, 0, 10)
	inRange(r, "failure_rate", t.FailureRate, 0, 100)
	if len(t.Vantages) > maxVantages {
		r.Errorf("vantages", "too_many", "has %d entries; use at most %d, or a label selector", len(t.Vantages), maxVantages)
		return
	}
	for i, v := range t.Vantages {
		if _, err := ParseSelector(v); err != nil {
			r.Errorf(index("vantages", i), "invalid_selector", "%v", err)
		}
	}
	for _, b := range []struct {
		p   Protocol
		set bool
	}{{Ping, t.Ping != nil}, {TCP, t.TCP != nil}, {HTTP, t.HTTP != nil}, {HTTPS, t.HTTPS != nil}} {
		if b.set && b.p != t.Protocol {
			r.Errorf(string(b.p), "wrong_protocol", "is given but the protocol is %q; remove it or change the protocol", t.Protocol)
		}
	}
	switch t.Protocol {
	case Ping:
		if o := t.Ping; o != nil {
			inRange(r, "ping.packets", o.Packets, 1, 20)
			inRange(r, "ping.loss_rate", o.LossRate, 1, 100)
		}
	case TCP:
		if o := t.TCP; o != nil {
			checkText(r, "tcp.send", o.Send)
			checkText(r, "tcp.expect", o.Expect)
		}
	case HTTP, HTTPS:
		if o := t.Options(); o != nil {
			r.In(string(t.Protocol), func() { o.check(r, t.Protocol == HTTPS) })
		}
	default:
		r.Errorf("protocol", "invalid_value", "is %q; use ping, tcp, http or https", t.Protocol)
	}
}

func checkText(r *Report, field, s string) {
	if len(s) > maxText {
		r.Errorf(field, "too_long", "has %d bytes; shorten it to %d", len(s), maxText)
	} else if _, err := Unescape(s); err != nil {
		r.Errorf(field, "invalid_escape", "%v", err)
	}
}

func (h *HTTPOptions) check(r *Report, tls bool) {
	switch u, err := url.Parse("http://host" + h.Path); {
	case len(h.Path) > maxText:
		r.Errorf("path", "too_long", "has %d bytes; shorten it to %d", len(h.Path), maxText)
	case !strings.HasPrefix(h.Path, "/") || strings.ContainsFunc(h.Path, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		r.Errorf("path", "invalid_path", "is %q; begin it with / and write spaces and other than ASCII as %%XX", h.Path)
	case err != nil:
		r.Errorf("path", "invalid_path", "is %q; write a %% as %%25 and escapes as %%XX", h.Path)
	case u.Fragment != "":
		r.Errorf("path", "invalid_path", "is %q; a # part is never sent, remove it or write %%23", h.Path)
	}
	switch h.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions:
	default:
		r.Errorf("method", "invalid_value", "is %q; use GET, HEAD, POST or OPTIONS", h.Method)
	}
	if h.Host != "" && !validHost(h.Host) {
		r.Errorf("host", "invalid_name", "is %q; give a host name, with a port if needed", h.Host)
	}
	if len(h.ExpectBody) > maxText {
		r.Errorf("expect_body", "too_long", "has %d bytes; shorten it to %d", len(h.ExpectBody), maxText)
	}
	if len(h.ExpectStatus) > maxStatuses {
		r.Errorf("expect_status", "too_many", "has %d entries; use at most %d, or ranges", len(h.ExpectStatus), maxStatuses)
		return
	}
	for i, s := range h.ExpectStatus {
		if _, _, err := ParseStatus(s); err != nil {
			r.Errorf(index("expect_status", i), "invalid_status", "%v", err)
		}
	}
	h.checkHeaders(r)
	if !tls {
		if h.SNI != "" {
			r.Errorf("sni", "wrong_protocol", "belongs to https; remove it")
		}
		if h.Verify != nil {
			r.Errorf("verify", "wrong_protocol", "belongs to https; remove it")
		}
		if h.MinDaysLeft != 0 {
			r.Errorf("min_days_left", "wrong_protocol", "belongs to https; remove it")
		}
		return
	}
	inRange(r, "min_days_left", h.MinDaysLeft, 0, 3650)
	if h.SNI != "" {
		c, err := CanonicalName(h.SNI)
		switch {
		case err != nil:
			r.Errorf("sni", "invalid_name", "%q %v", h.SNI, err)
		case looksLikeIP(c) || c == "." || strings.HasPrefix(c, "*"):
			// RFC 6066 §3: literal addresses are not permitted in a server name.
			r.Errorf("sni", "invalid_name", "%q is not a host name, which a server name must be", h.SNI)
		}
	}
}

func (h *HTTPOptions) checkHeaders(r *Report) {
	if len(h.Headers) > maxHeaders {
		r.Errorf("headers", "too_many", "has %d headers; use at most %d", len(h.Headers), maxHeaders)
		return
	}
	seen := map[string]bool{}
	for _, k := range slices.Sorted(maps.Keys(h.Headers)) {
		v, lower := h.Headers[k], strings.ToLower(k)
		switch {
		case !validHeaderName(k) || strings.ContainsAny(v.Text, "\r\n\x00") || len(k)+len(v.Text) > maxText:
			r.Errorf("headers", "invalid_header", "%q is not a legal header; write a name of letters, digits and -, and one line of text", k)
		case lower == "host":
			r.Errorf("headers", "invalid_header", "%q is set by the field host; write it there", k)
		case seen[lower]:
			r.Errorf("headers", "duplicate", "%q stands twice; header names do not differ by case", k)
		}
		seen[lower] = true
	}
}

// validHost holds a Host header to what RFC 9110 §7.2 allows: a name or address, and a port.
func validHost(s string) bool {
	host := s
	if h, port, err := net.SplitHostPort(s); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
		host = h
	} else if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		host = s[1 : len(s)-1]
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		// Only brackets tell an IPv6 address from a name with a port.
		return ip.Zone() == "" && (ip.Is4() || s[0] == '[')
	}
	c, err := CanonicalName(host)
	return err == nil && c != "." && !strings.ContainsAny(c, "*/:[]")
}

// validHeaderName holds a header name to the token rule of RFC 9110 §5.1.
func validHeaderName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// ParseStatus reads "204" or "200-399".
func ParseStatus(s string) (from, to int, err error) {
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	from, ok1 := status(a)
	to, ok2 := status(b)
	if !ok1 || !ok2 || from > to {
		return 0, 0, fmt.Errorf("%q is not a status; write 204 or 200-399", s)
	}
	return from, to, nil
}

// status reads three digits from 100 to 599 (RFC 9110 §15).
func status(s string) (int, bool) {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' || s[1] < '0' || s[1] > '9' || s[2] < '0' || s[2] > '9' {
		return 0, false
	}
	return int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0'), true
}

// Unescape reads \r, \n, \t, \\ and \xNN in the texts of a tcp template; every other
// byte stands for itself.
func Unescape(s string) ([]byte, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		var c byte
		if i < len(s) {
			c = s[i]
		}
		switch c {
		case 'r':
			out = append(out, '\r')
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case '\\':
			out = append(out, '\\')
		case 'x':
			if i+2 < len(s) {
				if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
					out, i = append(out, byte(v)), i+2
					continue
				}
			}
			return nil, fmt.Errorf("has \\x without two hexadecimal digits at byte %d; write for example \\x00", i-1)
		default:
			return nil, fmt.Errorf("has an unknown escape at byte %d; use \\r, \\n, \\t, \\\\ or \\xNN", i-1)
		}
	}
	return out, nil
}

// Refs implements Object.
func (t *Template) Refs(func(Key, string)) {}

// Selector picks vantages or objects: an id, or labels that must all be equal.
type Selector struct {
	ID     string
	Labels map[string]string
}

// ParseSelector reads "hz-1" or "country=CN,isp=telecom".
func ParseSelector(s string) (Selector, error) {
	if s == "" {
		return Selector{}, errors.New("is empty; give an id or labels like country=CN,isp=telecom")
	}
	if !strings.Contains(s, "=") {
		if err := checkObjectName(s); err != nil {
			return Selector{}, fmt.Errorf("%.80q %v", s, err)
		}
		return Selector{ID: s}, nil
	}
	sel := Selector{Labels: map[string]string{}}
	if n := strings.Count(s, ","); n >= maxLabels {
		return Selector{}, fmt.Errorf("names %d labels; an object has at most %d", n+1, maxLabels)
	}
	for part := range strings.SplitSeq(s, ",") {
		k, v, ok := strings.Cut(part, "=")
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		if !ok || k == "" || !selectable(k) || !selectable(v) || len(k) > maxLabelKey || len(v) > maxLabelValue {
			return Selector{}, fmt.Errorf("%.80q is not a selector; write labels like country=CN,isp=telecom", s)
		}
		if _, dup := sel.Labels[k]; dup {
			return Selector{}, fmt.Errorf("%q names the label %s twice", s, k)
		}
		sel.Labels[k] = v
	}
	return sel, nil
}

// Match reports whether an id with labels is selected.
func (s Selector) Match(id string, labels map[string]string) bool {
	if s.ID != "" {
		return s.ID == id
	}
	for k, v := range s.Labels {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// Selects reports whether the template uses the vantage: no selectors mean all.
func (t *Template) Selects(id string, labels map[string]string) bool {
	if len(t.Vantages) == 0 {
		return true
	}
	for _, v := range t.Vantages {
		if s, err := ParseSelector(v); err == nil && s.Match(id, labels) {
			return true
		}
	}
	return false
}

func inRange(r *Report, field string, v, lo, hi int) {
	if v < lo || v > hi {
		r.Errorf(field, "out_of_range", "is %d; use %d to %d", v, lo, hi)
	}
}

func index(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
