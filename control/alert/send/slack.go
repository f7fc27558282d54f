package send

import (
	"context"
	"fmt"
	"strings"
)

// mostSlack is below the 3,000 characters of one section of text.
const mostSlack = 2_800

// slackText escapes the three characters that Slack takes for its own.
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// unmarked escapes what WeCom would take for a tag.
var unmarked = strings.NewReplacer("<", "&lt;", ">", "&gt;")

func quote(s string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		if line != "" {
			b.WriteString("> " + unmarked.Replace(line) + "\n")
		}
	}
	return b.String()
}

// slack tells an incoming webhook of Slack, or of what speaks like it.
func (s *Sender) slack(ctx context.Context, c *Channel, m *Message) (string, error) {
	text := m.body(mostSlack, func(e *Entry) string {
		return "*" + slackText.Replace(e.Title) + "*\n" + slackText.Replace(indent(e.Text))
	}, moreText(c.Language))
	for _, who := range c.Mention {
		switch who {
		case "all", "channel", "here":
			text += "<!" + strings.Replace(who, "all", "channel", 1) + "> "
		default:
			text += "<@" + who + "> "
		}
	}
	blocks := []any{
		map[string]any{"type": "header", "text": map[string]any{"type": "plain_text", "text": cut(m.Title, 150)}},
		map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": text}},
	}
	if m.Link != "" {
		blocks = append(blocks, map[string]any{"type": "context", "elements": []any{map[string]any{"type": "mrkdwn", "text": "<" + m.Link + "|" + linkText(c.Language) + ">"}}})
	}
	status, answer, after, err := s.post(ctx, c, c.URL, map[string]any{"text": slackText.Replace(m.Title), "blocks": blocks}, nil)
	if err != nil {
		return "", err
	}
	if status != 200 {
		return "", refused(status, answer, after)
	}
	return fmt.Sprintf("status %d: %s", status, answer), nil
}
