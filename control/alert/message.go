package alert

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
)

// mostEntries bounds the entries that a message lists; people read the rest in the console.
const mostEntries = 500

// lapse is for how long what lasts holds at tools that forget: twice the repeat, and
// days where nothing is repeated.
func lapse(every time.Duration) time.Duration {
	if every == 0 {
		return 7 * 24 * time.Hour
	}
	return max(2*every, time.Hour)
}

// parcel is what one message is about.
type parcel struct {
	notices []store.WaitingNotice // of one channel
	open    int                   // alerts of its bundles that last, as far as the channel was told
}

// message makes the message of a parcel in a channel's language.
func (p *parcel) message(id uint64, at time.Time, language string, set *Settings) *send.Message {
	m := &send.Message{ID: store.DeliveryText(id), At: at, Open: p.open, Lapse: lapse(time.Duration(set.RepeatEvery))}
	entries := settle(p.notices)
	slices.SortStableFunc(entries, func(a, b *store.AlertEntry) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(a.ID, b.ID))
	})
	bundle := uint64(0)
	for i := range p.notices {
		if b := p.notices[i].Bundle; bundle == 0 || b < bundle {
			bundle = b
		}
	}
	m.Bundle = fmt.Sprintf("bundle-%d", bundle)
	begun, ended := 0, 0
	for _, e := range entries {
		if e.Action == ActResume {
			ended++
		} else {
			begun++
			if m.Severity == "" || !atLeast(m.Severity, e.Severity) {
				m.Severity = e.Severity
			}
		}
		if len(m.Entries) < mostEntries {
			m.Entries = append(m.Entries, sent(e, language))
		} else {
			m.More++
		}
	}
	if m.Severity == "" {
		m.Severity = "info"
	}
	m.Title = title(m, begun, ended, language == send.Chinese)
	if set.ConsoleURL != "" {
		m.Link = strings.TrimSuffix(set.ConsoleURL, "/") + "/alerts"
	}
	return m
}

// settle leaves out what has ended within the message: the end tells how long it lasted.
func settle(list []store.WaitingNotice) []*store.AlertEntry {
	ended := map[uint64]bool{}
	for i := range list {
		if list[i].Entry.Action == ActResume {
			ended[list[i].Alert] = true
		}
	}
	var out []*store.AlertEntry
	for i := range list {
		e := &list[i].Entry
		if e.Action == ActResume || !ended[e.Alert] {
			out = append(out, e)
		}
	}
	return out
}

// weight puts the gravest first, and ends last.
func weight(e *store.AlertEntry) int {
	w := 10 - slices.Index(severities, e.Severity)
	if e.Action == ActResume {
		w += 100
	}
	return w
}

func title(m *send.Message, begun, ended int, zh bool) string {
	n := begun + ended
	text := m.Entries[0].Title
	if n > 1 {
		text = fmt.Sprintf(pick(zh, "%s (and %d more)", "%s（另有 %d 条）"), text, n-1)
	}
	if begun == 0 {
		return pick(zh, "[Meridian] OK: ", "[Meridian] 恢复：") + text
	}
	word := map[string][2]string{Warning: {"warning", "警告"}, Error: {"ERROR", "错误"}, Critical: {"CRITICAL", "严重"}}[m.Severity]
	return "[Meridian] " + pick(zh, word[0]+": ", word[1]+"：") + text
}

// testMessage is what a test sends.
func testMessage(id string, at time.Time, channel, language, who string) *send.Message {
	zh := language == send.Chinese
	title := fmt.Sprintf(pick(zh, "[Meridian] Test of the channel %s", "[Meridian] 通道 %s 测试"), channel)
	text := fmt.Sprintf(pick(zh, "%s has sent this from Meridian. Nothing is wrong.", "由 %s 从 Meridian 发出，一切正常。"), who)
	return &send.Message{ID: id, At: at, Test: true, Bundle: id, Severity: "info", Title: title, Open: 1, Lapse: time.Minute,
		Entries: []send.Entry{{Action: ActAlert, Event: "test", Of: "test", Severity: "info", Kind: "channel", Object: channel, At: at, Since: at, Title: title, Text: text}}}
}

// keptMessage is a message as the store holds it: with what does not travel.
type keptMessage struct {
	send.Message
	Lapse time.Duration `json:"lapse_ns"`
}

func encodeMessage(m *send.Message) []byte {
	b, err := json.Marshal(keptMessage{*m, m.Lapse})
	if err != nil {
		panic("alert: encode message: " + err.Error()) // plain data
	}
	return b
}

func decodeMessage(b []byte) (*send.Message, error) {
	var k keptMessage
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	k.Message.Lapse = k.Lapse
	return &k.Message, nil
}
