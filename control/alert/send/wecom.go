package send

import "context"

// mostWeCom is below the 4,096 bytes of Markdown that a robot takes.
const mostWeCom = 3_600

// weCom tells a robot of a group. Its token stands in the URL; it knows no signature.
func (s *Sender) weCom(ctx context.Context, c *Channel, m *Message) (string, error) {
	text := "### " + m.Title + "\n" + m.body(mostWeCom-len(m.Title), quoted, moreText(c.Language))
	if m.Link != "" {
		text += "[" + linkText(c.Language) + "](" + m.Link + ")\n"
	}
	for _, who := range c.Mention {
		text += "<@" + who + ">"
	}
	return s.robot(ctx, c, c.URL, map[string]any{"msgtype": "markdown", "markdown": map[string]string{"content": text}})
}

// quoted is an entry for WeCom, whose Markdown has no lists.
func quoted(e *Entry) string {
	colour := map[bool]string{true: "info", false: "warning"}[e.Resumes()]
	return "<font color=\"" + colour + "\">" + unmarked.Replace(e.Title) + "</font>\n" + quote(e.Text)
}
