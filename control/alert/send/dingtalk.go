package send

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mostDingTalk is below the 20,000 bytes that a robot takes.
const mostDingTalk = 18_000

// dingTalk tells a robot of a group. With a secret the request is signed: HMAC-SHA256 of
// the time in milliseconds, a line feed and the secret, under the secret, in Base64.
func (s *Sender) dingTalk(ctx context.Context, c *Channel, m *Message) (string, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return "", &Failure{Text: "the channel's URL cannot be read", Final: true}
	}
	if c.Secret != "" {
		now := strconv.FormatInt(time.Now().UnixMilli(), 10)
		q := u.Query()
		q.Set("timestamp", now)
		q.Set("sign", base64.StdEncoding.EncodeToString(mac(c.Secret, now+"\n"+c.Secret)))
		u.RawQuery = q.Encode()
	}
	text := "### " + markdown.Replace(m.Title) + "\n\n" + m.body(mostDingTalk, listed, moreText(c.Language))
	if m.Link != "" {
		text += "\n[" + linkText(c.Language) + "](" + m.Link + ")\n"
	}
	all := slices.Contains(c.Mention, "all")
	mobiles := []string{}
	for _, who := range c.Mention {
		if who != "all" {
			mobiles = append(mobiles, who)
			text += " @" + who
		}
	}
	body := map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": m.Title, "text": text}, "at": map[string]any{"atMobiles": mobiles, "isAtAll": all}}
	return s.robot(ctx, c, u.String(), body)
}

// listed is an entry as an item of a Markdown list.
func listed(e *Entry) string {
	text := "- **" + markdown.Replace(e.Title) + "**\n"
	for line := range strings.SplitSeq(e.Text, "\n") {
		if line != "" {
			text += "  " + markdown.Replace(line) + "  \n"
		}
	}
	return text
}

// robot posts to a chat robot of the kind that answers a code and its meaning.
func (s *Sender) robot(ctx context.Context, c *Channel, target string, body any) (string, error) {
	status, answer, after, err := s.post(ctx, c, target, body, nil)
	if err != nil {
		return "", err
	}
	if status < 200 || status > 299 {
		return "", refused(status, answer, after)
	}
	var said struct {
		ErrCode *int   `json:"errcode"` // DingTalk, WeCom
		ErrMsg  string `json:"errmsg"`
		Code    *int   `json:"code"` // Feishu
		Msg     string `json:"msg"`
		Status  *int   `json:"StatusCode"` // Feishu, as it was
		Message string `json:"StatusMessage"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return "", &Failure{Text: fmt.Sprintf("this is no answer of such a robot: %s", answer)}
	}
	for _, x := range []struct {
		code *int
		text string
	}{{said.ErrCode, said.ErrMsg}, {said.Code, said.Msg}, {said.Status, said.Message}} {
		switch {
		case x.code == nil:
		case *x.code == 0:
			return "code 0: " + x.text, nil
		default:
			return "", robotError(*x.code, x.text)
		}
	}
	return "", &Failure{Text: fmt.Sprintf("this is no answer of such a robot: %s", answer)}
}

// tooMany are the codes for messages that came too fast: DingTalk, WeCom, Feishu.
var tooMany = []int{130101, 410100, 45009, 11232, 9499}

// tooManyWait is how long a robot that shut us out is left alone: DingTalk says ten
// minutes, WeCom a minute; what waits meanwhile becomes one message.
const tooManyWait = 2 * time.Minute

func robotError(code int, text string) error {
	f := &Failure{Text: fmt.Sprintf("code %d: %s", code, text)}
	if slices.Contains(tooMany, code) {
		f.After = tooManyWait
	}
	return f
}
