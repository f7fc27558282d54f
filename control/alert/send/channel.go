package send

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"
)

// Kinds of channels.
const (
	Email        = "email"
	Webhook      = "webhook"
	DingTalk     = "dingtalk"
	Feishu       = "feishu"
	WeCom        = "wecom"
	Slack        = "slack"
	PagerDuty    = "pagerduty"
	Alertmanager = "alertmanager"
)

// Channel is where a message goes, with its secrets read.
type Channel struct {
	Name, Kind, Language string
	URL                  string // holds a token, as a rule
	Secret               string // key of signatures, routing key or password
	Username             string
	CA                   []byte // PEM of authorities to trust in place of the system's
	Host                 string // e-mail
	Port                 int
	TLS                  string // starttls, tls, none
	From                 string
	To                   []string
	Mention              []string
	Labels               map[string]string
}

// kind is how one sort of channel is spoken to.
type kind struct {
	send func(*Sender, context.Context, *Channel, *Message) (answer string, err error)
	// Rate is how many messages a minute the other side takes for certain.
	rate int
	// apart: what belongs together is told in messages of its own, since the other side
	// keeps a state for each.
	apart bool
}

// kinds. The rates of chat robots are what their makers say they take, less a reserve:
// DingTalk and WeCom shut a robot out for minutes beyond 20 a minute, Feishu beyond 100,
// Slack beyond about one a second.
var kinds = map[string]kind{
	Email:        {(*Sender).email, 30, false},
	Webhook:      {(*Sender).webhook, 120, false},
	DingTalk:     {(*Sender).dingTalk, 15, false},
	Feishu:       {(*Sender).feishu, 60, false},
	WeCom:        {(*Sender).weCom, 15, false},
	Slack:        {(*Sender).slack, 40, false},
	PagerDuty:    {(*Sender).pagerDuty, 60, true},
	Alertmanager: {(*Sender).alertmanager, 120, false},
}

// Rate is how many messages a minute a kind of channel takes, 0 for an unknown kind.
func Rate(channel string) int { return kinds[channel].rate }

// Apart reports whether bundles must not be told together.
func Apart(channel string) bool { return kinds[channel].apart }

// Failure is what went wrong. Its text holds no secret.
type Failure struct {
	Text string
	// Final: the other side understood and refused this very message; another attempt with
	// the same would be refused again.
	Final bool
	// After is how long the other side wants to be left alone, 0 if it does not say.
	After time.Duration
}

func (f *Failure) Error() string { return f.Text }

// Sender sends. Make one with New.
type Sender struct {
	allow []netip.Prefix

	tried, failed [8]atomic.Uint64 // by place in order
}

// order of the kinds, for counters.
var order = []string{Email, Webhook, DingTalk, Feishu, WeCom, Slack, PagerDuty, Alertmanager}

// New returns a sender that may go to private addresses within some prefixes.
func New(allow []netip.Prefix) *Sender { return &Sender{allow: allow} }

// attemptTime bounds one attempt, so that a server which takes a connection and says
// nothing does not hold up a channel for long.
const attemptTime = 15 * time.Second

// Send makes one attempt, and returns what the other side said. An error is a *Failure.
func (s *Sender) Send(ctx context.Context, c *Channel, m *Message) (answer string, err error) {
	k, ok := kinds[c.Kind]
	if !ok {
		return "", &Failure{Text: fmt.Sprintf("kind %q is unknown", c.Kind), Final: true}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	answer, err = k.send(s, ctx, c, m)
	s.count(c.Kind, err)
	if err == nil {
		return tell(answer, c), nil
	}
	var f *Failure
	if !errors.As(err, &f) {
		f = &Failure{Text: err.Error()}
	}
	f.Text = tell(f.Text, c)
	return "", f
}

func (s *Sender) count(kind string, err error) {
	for i, k := range order {
		if k == kind {
			s.tried[i].Add(1)
			if err != nil {
				s.failed[i].Add(1)
			}
		}
	}
}

// Tally is how many attempts there were, by kind.
type Tally struct {
	Kind          string
	Tried, Failed uint64
}

// Tallies returns the counters of all kinds.
func (s *Sender) Tallies() []Tally {
	out := make([]Tally, len(order))
	for i, k := range order {
		out[i] = Tally{k, s.tried[i].Load(), s.failed[i].Load()}
	}
	return out
}
