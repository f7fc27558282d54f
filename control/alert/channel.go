package alert

import (
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/traffic"
)

// ChannelKinds are the kinds of channels.
var ChannelKinds = []string{send.Email, send.Webhook, send.DingTalk, send.Feishu, send.WeCom, send.Slack, send.PagerDuty, send.Alertmanager}

// ChannelSpec is what people say about a channel. Which fields belong to which kind is
// checked. Absent secrets keep what was there.
type ChannelSpec struct {
	Kind        string   `json:"kind" enum:"email,webhook,dingtalk,feishu,wecom,slack,pagerduty,alertmanager"`
	Enabled     *bool    `json:"enabled,omitempty" doc:"Default true. What a disabled channel would have been told is not told later."`
	Language    string   `json:"language,omitempty" enum:"en,zh" doc:"Of its texts; default en."`
	MinSeverity string   `json:"min_severity,omitempty" enum:"warning,error,critical" doc:"What is milder is not told here; default warning."`
	Events      []string `json:"events,omitempty" doc:"Codes of the alerts that are told here, of those that the rules tell; absent: all."`
	Rate        int      `json:"rate_per_minute,omitempty" minimum:"0" maximum:"600" doc:"Messages a minute; what waits beyond becomes one message. 0: what the other side takes."`
	Remark      string   `json:"remark,omitempty" maxLength:"1024"`

	URL      *traffic.Value    `json:"url,omitempty" doc:"All but email: where to send, with its token. Optional for pagerduty. Only its host is ever shown."`
	Secret   *traffic.Value    `json:"secret,omitempty" doc:"webhook, dingtalk, feishu: key of the signature. pagerduty: integration (routing) key. email, alertmanager: password, or without username a bearer token. Never shown; empty text removes it."`
	Username string            `json:"username,omitempty" doc:"email, alertmanager."`
	CAFile   string            `json:"ca_file,omitempty" doc:"PEM file on the control process's machine with authorities to trust in place of the system's."`
	Host     string            `json:"host,omitempty" doc:"email: the mail server."`
	Port     int               `json:"port,omitempty" minimum:"0" maximum:"65535" doc:"email: default 587, with tls 465, with none 25."`
	TLS      string            `json:"tls,omitempty" enum:"starttls,tls,none" doc:"email: default starttls, which is required of the server then."`
	From     string            `json:"from,omitempty" doc:"email: sender, like Meridian <gtm@example.com>."`
	To       []string          `json:"to,omitempty" doc:"email: recipients."`
	Mention  []string          `json:"mention,omitempty" doc:"Chat: whom to call; dingtalk: mobile numbers, feishu, wecom and slack: user ids; all for everybody."`
	Labels   map[string]string `json:"labels,omitempty" doc:"alertmanager: further labels of all alerts."`
}

// Channel is a channel as it is shown: with nothing of its secrets.
type Channel struct {
	Name        string            `json:"name"`
	Kind        string            `json:"kind" enum:"email,webhook,dingtalk,feishu,wecom,slack,pagerduty,alertmanager"`
	Enabled     bool              `json:"enabled"`
	Language    string            `json:"language" enum:"en,zh"`
	MinSeverity string            `json:"min_severity" enum:"warning,error,critical"`
	Events      []string          `json:"events,omitempty" doc:"Codes of the alerts that are told here; absent: all that the rules tell."`
	Rate        int               `json:"rate_per_minute"`
	Remark      string            `json:"remark,omitempty"`
	URL         string            `json:"url,omitempty" doc:"Scheme and host; the rest is a secret."`
	URLFile     string            `json:"url_file,omitempty" doc:"File that holds the URL."`
	SecretSet   bool              `json:"secret_set" doc:"Whether there is a secret."`
	SecretFile  string            `json:"secret_file,omitempty" doc:"File that holds it."`
	Username    string            `json:"username,omitempty"`
	CAFile      string            `json:"ca_file,omitempty"`
	Host        string            `json:"host,omitempty"`
	Port        int               `json:"port,omitempty"`
	TLS         string            `json:"tls,omitempty"`
	From        string            `json:"from,omitempty"`
	To          []string          `json:"to,omitempty"`
	Mention     []string          `json:"mention,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Version     uint64            `json:"version" doc:"For If-Match."`
	Last        *Delivery         `json:"last_delivery,omitempty" doc:"The newest message to it."`
	Waiting     int               `json:"waiting" doc:"Entries of the log that wait to be told here."`
}

// stored is a channel as the store holds it.
type stored struct {
	ChannelSpec
	version uint64
}

var channelName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// CheckChannelName returns what is wrong with a name.
func CheckChannelName(name string) error {
	if !channelName.MatchString(name) {
		return fmt.Errorf("must be small letters, digits and . _ -, at most 63")
	}
	return nil
}

// normalize fills in defaults.
func (c *ChannelSpec) normalize() {
	if c.Enabled == nil {
		yes := true
		c.Enabled = &yes
	}
	if c.Language == "" {
		c.Language = send.English
	}
	if c.MinSeverity == "" {
		c.MinSeverity = Warning
	}
	if c.Kind == send.Email && c.TLS == "" {
		c.TLS = send.StartTLS
	}
}

// keep takes over secrets that were not given anew. A channel of another kind or that
// leads elsewhere begins without: nobody shall send a password to a host of their own.
func (c *ChannelSpec) keep(old *ChannelSpec) {
	if old == nil || old.Kind != c.Kind {
		return
	}
	// What was shown is what was read: it stands for the whole.
	if c.URL == nil || c.URL.File == "" && old.URL != nil && old.URL.File == "" && c.URL.Text == send.Redact(old.URL.Text) {
		c.URL = old.URL
	}
	same := c.Host == old.Host && (c.URL == old.URL || c.URL != nil && old.URL != nil && c.URL.File == old.URL.File && host(c.URL.Text) == host(old.URL.Text))
	if c.Secret == nil && same {
		c.Secret = old.Secret
	}
	if c.Secret != nil && c.Secret.Text == "" && c.Secret.File == "" {
		c.Secret = nil
	}
}

func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// belongs says which fields a kind has, besides those that all have.
var belongs = map[string][]string{
	send.Email:        {"host", "port", "tls", "username", "secret", "from", "to", "ca_file"},
	send.Webhook:      {"url", "secret", "ca_file"},
	send.DingTalk:     {"url", "secret", "mention"},
	send.Feishu:       {"url", "secret", "mention"},
	send.WeCom:        {"url", "mention"},
	send.Slack:        {"url", "mention", "ca_file"},
	send.PagerDuty:    {"url", "secret", "ca_file"},
	send.Alertmanager: {"url", "secret", "username", "labels", "ca_file"},
}

var (
	labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	mention   = regexp.MustCompile(`^[A-Za-z0-9_.@+-]{1,64}$`)
)

// Check returns *traffic.Invalid for what cannot be.
func (c *ChannelSpec) Check() error {
	var p problems
	fields, ok := belongs[c.Kind]
	if !ok {
		p.add("kind", "invalid_value", "is %q; use %s", c.Kind, strings.Join(ChannelKinds, ", "))
		return p.err()
	}
	given := map[string]bool{"url": c.URL != nil, "secret": c.Secret != nil, "username": c.Username != "", "ca_file": c.CAFile != "", "host": c.Host != "", "port": c.Port != 0,
		"tls": c.TLS != "", "from": c.From != "", "to": len(c.To) > 0, "mention": len(c.Mention) > 0, "labels": len(c.Labels) > 0}
	for f, yes := range given {
		if yes && !slices.Contains(fields, f) {
			p.add(f, "wrong_kind", "belongs to another kind of channel than %s; remove it", c.Kind)
		}
	}
	need := func(field, why string) {
		if !given[field] {
			p.add(field, "required", "%s", why)
		}
	}
	if c.Kind == send.Email {
		c.checkMail(&p, need)
	} else if c.Kind != send.PagerDuty {
		need("url", "give the address to send to, as the other side shows it")
	}
	if c.Kind == send.PagerDuty {
		need("secret", "give the integration key of a service (Events API v2)")
	}
	if c.URL != nil && c.URL.File == "" {
		if u, err := url.Parse(c.URL.Text); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			p.add("url", "invalid_value", "must begin with https:// or http:// and name a host")
		}
	}
	for i, m := range c.Mention {
		if !mention.MatchString(m) {
			p.add("mention["+strconv.Itoa(i)+"]", "invalid_value", "must be a user id or a mobile number")
		}
	}
	for k := range c.Labels {
		if !labelName.MatchString(k) {
			p.add("labels", "invalid_value", "%q is no name of a label: letters, digits and _", k)
		}
	}
	if c.Language != "" && c.Language != send.English && c.Language != send.Chinese {
		p.add("language", "invalid_value", "is %q; use en or zh", c.Language)
	}
	checkRules(&p, nil, c.Events, nil)
	if c.MinSeverity != "" && !slices.Contains(severities, c.MinSeverity) {
		p.add("min_severity", "invalid_value", "is %q; use %s", c.MinSeverity, strings.Join(severities, ", "))
	}
	slices.SortFunc(p, func(a, b traffic.Problem) int { return strings.Compare(a.Field, b.Field) })
	return p.err()
}

// mostRecipients bounds a mail's envelope: servers take 100 at least (RFC 5321 §4.5.3.1.8).
const mostRecipients = 100

func (c *ChannelSpec) checkMail(p *problems, need func(field, why string)) {
	need("host", "give the name of the mail server")
	need("from", "give the sender, like gtm@example.com")
	need("to", "give one recipient at least")
	if strings.ContainsAny(c.Host, "/: \r\n") && !strings.Contains(c.Host, "::") {
		p.add("host", "invalid_value", "must be a name or an IP address alone; the port stands in port")
	}
	if _, err := mail.ParseAddress(c.From); c.From != "" && err != nil {
		p.add("from", "invalid_value", "is no mail address")
	}
	if len(c.To) > mostRecipients {
		p.add("to", "out_of_range", "has %d recipients; use a mailing list beyond %d", len(c.To), mostRecipients)
	}
	for i, to := range c.To {
		if _, err := mail.ParseAddress(to); err != nil {
			p.add("to["+strconv.Itoa(i)+"]", "invalid_value", "is no mail address")
		}
	}
	switch c.TLS {
	case "", send.StartTLS, send.Implicit, send.NoTLS:
	default:
		p.add("tls", "invalid_value", "is %q; use starttls, tls or none", c.TLS)
	}
}

// show is a channel without its secrets.
func (c *stored) show(name string) Channel {
	out := Channel{Name: name, Kind: c.Kind, Enabled: *c.Enabled, Language: c.Language, MinSeverity: c.MinSeverity, Events: c.Events, Rate: c.rate(), Remark: c.Remark, Username: c.Username, CAFile: c.CAFile,
		Host: c.Host, Port: c.Port, TLS: c.TLS, From: c.From, To: c.To, Mention: c.Mention, Labels: c.Labels, Version: c.version}
	if c.URL != nil {
		if out.URLFile = c.URL.File; out.URLFile == "" {
			out.URL = send.Redact(c.URL.Text)
		}
	}
	if c.Secret != nil {
		out.SecretSet, out.SecretFile = true, c.Secret.File
	}
	return out
}

func (c *ChannelSpec) rate() int {
	if c.Rate > 0 {
		return c.Rate
	}
	return send.Rate(c.Kind)
}

// mostSecret bounds files with secrets; a bundle of authorities may be larger.
const (
	mostSecret = 4 << 10
	mostBundle = 1 << 20
)

// resolve reads the secrets.
func (c *ChannelSpec) resolve(name string) (*send.Channel, error) {
	out := &send.Channel{Name: name, Kind: c.Kind, Language: c.Language, Username: c.Username, Host: c.Host, Port: c.Port, TLS: c.TLS, From: c.From, To: c.To, Mention: c.Mention, Labels: c.Labels}
	var err error
	if out.URL, err = text("url", c.URL); err != nil {
		return nil, err
	}
	if out.Secret, err = text("secret", c.Secret); err != nil {
		return nil, err
	}
	if c.CAFile != "" {
		b, err := readFile("ca_file", c.CAFile, mostBundle)
		if err != nil {
			return nil, err
		}
		out.CA = []byte(b)
	}
	return out, nil
}

func text(field string, v *traffic.Value) (string, error) {
	if v == nil || v.File == "" {
		if v == nil {
			return "", nil
		}
		return v.Text, nil
	}
	s, err := readFile(field, v.File, mostSecret)
	return strings.TrimSpace(s), err
}

func readFile(field, path string, most int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: read %s: %w", field, path, errors.Unwrap(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", fmt.Errorf("%s: read %s: %w", field, path, err)
	}
	if int64(len(b)) > most {
		return "", fmt.Errorf("%s: %s has more than %d bytes", field, path, most)
	}
	return string(b), nil
}
