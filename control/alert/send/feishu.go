package send

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"
)

// mostFeishu is below the 20 KB that a robot's request may have.
const mostFeishu = 15_000

// feishu tells a robot of a group, in Lark too. With a secret the request is signed: the
// HMAC-SHA256 of nothing, under the time in seconds, a line feed and the secret, in Base64.
func (s *Sender) feishu(ctx context.Context, c *Channel, m *Message) (string, error) {
	text := m.body(mostFeishu, listed, moreText(c.Language))
	for _, who := range c.Mention {
		text += "<at id=" + who + "></at>"
	}
	elements := []any{map[string]any{"tag": "markdown", "content": text}}
	if m.Link != "" {
		elements = append(elements, map[string]any{"tag": "action", "actions": []any{map[string]any{"tag": "button", "type": "default", "url": m.Link,
			"text": map[string]string{"tag": "plain_text", "content": linkText(c.Language)}}}})
	}
	colour := map[string]string{"critical": "red", "error": "red", "warning": "orange"}[m.Severity]
	if m.Open == 0 {
		colour = "green"
	}
	if colour == "" {
		colour = "blue"
	}
	body := map[string]any{"msg_type": "interactive", "card": map[string]any{
		"config":   map[string]bool{"wide_screen_mode": true},
		"header":   map[string]any{"template": colour, "title": map[string]string{"tag": "plain_text", "content": m.Title}},
		"elements": elements}}
	if c.Secret != "" {
		now := strconv.FormatInt(time.Now().Unix(), 10)
		body["timestamp"], body["sign"] = now, base64.StdEncoding.EncodeToString(mac(now+"\n"+c.Secret, ""))
	}
	return s.robot(ctx, c, c.URL, body)
}
