package send

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is what one channel is told at once, in words of its language already.
type Message struct {
	ID       string    `json:"id"` // of the delivery: the same when it is sent again
	At       time.Time `json:"at"` // when it was made
	Test     bool      `json:"test,omitempty"`
	Bundle   string    `json:"bundle"` // what belongs together has one, over several messages
	Severity string    `json:"severity"`
	Title    string    `json:"title"`
	Entries  []Entry   `json:"entries"`
	Open     int       `json:"open"`           // alerts of the bundle that last
	More     int       `json:"more,omitempty"` // entries that are not listed
	Link     string    `json:"link,omitempty"` // to the console
	// Lapse is for how long what lasts holds without a further message.
	Lapse time.Duration `json:"-"`
}

// Entry is one alert, or its end.
type Entry struct {
	Alert    uint64          `json:"alert"`
	Action   string          `json:"action"` // alert, resume, repeat
	Event    string          `json:"event"`  // code of what happened
	Of       string          `json:"of"`     // code of the alert, the same for its end
	Severity string          `json:"severity"`
	Kind     string          `json:"kind"`
	Object   string          `json:"object"`
	At       time.Time       `json:"at"`
	Since    time.Time       `json:"since"` // when the alert began
	Title    string          `json:"title"` // one line
	Text     string          `json:"text"`  // several: cause, what clients get instead
	Incident uint64          `json:"incident,omitempty"`
	Facts    json.RawMessage `json:"facts,omitempty"`
}

// Resumes reports whether an entry is the end of an alert.
func (e *Entry) Resumes() bool { return e.Action == "resume" }

// body is the message as text of at most limit bytes, cut between entries.
func (m *Message) body(limit int, entry func(*Entry) string, more func(n int) string) string {
	var b strings.Builder
	for i := range m.Entries {
		text := entry(&m.Entries[i])
		left := len(m.Entries) - i - 1 + m.More
		if i > 0 && b.Len()+len(text)+len(more(left+1)) > limit {
			b.WriteString(more(left + 1))
			return b.String()
		}
		b.WriteString(text)
	}
	if m.More > 0 {
		b.WriteString(more(m.More))
	}
	return cut(b.String(), limit)
}

// cut shortens a text to at most limit bytes, between characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const mark = "…"
	s = s[:max(limit-len(mark), 0)]
	for !utf8.ValidString(s) && len(s) > 0 {
		s = s[:len(s)-1]
	}
	return s + mark
}

// Languages of texts.
const (
	English = "en"
	Chinese = "zh"
)

func moreText(language string) func(int) string {
	return func(n int) string {
		if language == Chinese {
			return fmt.Sprintf("……另有 %d 条\n", n)
		}
		return fmt.Sprintf("… and %d more\n", n)
	}
}

func linkText(language string) string {
	if language == Chinese {
		return "打开控制台"
	}
	return "Open the console"
}

// plain is an entry without marks.
func plain(e *Entry) string { return e.Title + "\n" + indent(e.Text) + "\n" }

func indent(s string) string {
	if s == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(s, "\n", "\n  ") + "\n"
}

// markdown escapes what chat tools would take for marks, links and mentions.
var markdown = strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]", "<", "&lt;", ">", "&gt;", "#", "\\#")
