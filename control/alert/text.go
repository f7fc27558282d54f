package alert

import (
	"fmt"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/send"
)

// Actions of entries of the log.
const (
	ActAlert       = "alert"
	ActResume      = "resume"
	ActRepeat      = "repeat"
	ActAcknowledge = "acknowledge"
	ActRelease     = "release" // of an acknowledgement
	ActMute        = "mute"
	ActUnmute      = "unmute"
)

// Actions lists them.
var Actions = []string{ActAlert, ActResume, ActRepeat, ActAcknowledge, ActRelease, ActMute, ActUnmute}

// Telling is what a text is made of.
type Telling struct {
	Action    string
	Key       Key
	Who       string
	Since, At time.Time
	Facts     Facts
}

// Title says it in one line.
func (s *Telling) Title(language string) string {
	zh := language == send.Chinese
	switch s.Action {
	case ActAcknowledge, ActRelease, ActMute, ActUnmute:
		return s.order(zh)
	}
	t := english
	if zh {
		t = chinese
	}
	words := t.begins
	if s.Action == ActResume {
		words = t.ends
	}
	f := words[s.Key.Event]
	if f == nil {
		return s.Key.Event + ": " + s.Key.Object
	}
	text := f(s)
	if s.Action == ActRepeat {
		text = fmt.Sprintf(pick(zh, "still: %s (for %s)", "仍在持续：%s（已 %s）"), text, length(s.At.Sub(s.Since), zh))
	}
	return text
}

// Text says the rest, in lines: since when, why, what clients get instead.
func (s *Telling) Text(language string) string {
	zh := language == send.Chinese
	var lines []string
	add := func(en, cn string, args ...any) { lines = append(lines, fmt.Sprintf(pick(zh, en, cn), args...)) }
	f := &s.Facts
	switch s.Action {
	case ActResume:
		add("It had lasted %s, since %s.", "持续了 %s，自 %s 起。", length(time.Duration(f.For)*time.Second, zh), stamp(s.Since))
	case ActAlert, ActRepeat:
		add("Since %s.", "自 %s 起。", stamp(s.Since))
	default:
		if f.Reason != "" {
			add("Reason: %s", "原因：%s", f.Reason)
		}
		return strings.Join(lines, "\n")
	}
	for _, t := range f.Tasks {
		if s.Action == ActResume {
			break
		}
		var who []string
		for _, v := range t.Failed {
			who = append(who, v.Vantage+": "+v.Reason)
		}
		if more := t.Votes - len(t.Failed); more > 0 && len(who) > 0 {
			who = append(who, fmt.Sprintf(pick(zh, "and %d more", "另有 %d 个"), more))
		}
		why := ""
		if len(who) > 0 {
			why = " (" + strings.Join(who, "; ") + ")"
		}
		add("Task %s: %d of %d voting vantages call it failed%s.", "任务 %s：%[3]d 个投票探测点中 %[2]d 个判定失败%[4]s。", t.Task, t.Votes, t.Voting, why)
	}
	// Reasons of the engine are in English; what they say stands in the other lines too.
	if f.Reason != "" && s.Action != ActResume && (!zh || f.ReasonSaid.IsZero()) {
		add("Cause: %s.", "原因：%s。", strings.TrimSuffix(f.Reason, "."))
	}
	if s.Action != ActResume {
		if a, ok := advice[s.Key.Event]; ok {
			add(a[0], a[1])
		}
	}
	for _, a := range f.Alarms {
		lines = append(lines, "- "+a)
	}
	if len(f.Members) > 0 && s.Action != ActResume {
		if s.Key.Event == DataStale {
			add("Tasks: %s.", "任务：%s。", strings.Join(f.Members, ", "))
		} else {
			add("Out: %s.", "不可用：%s。", strings.Join(f.Members, ", "))
		}
	}
	if f.Reaches > 0 && s.Key.Kind != OfDomain {
		names := strings.Join(f.Domains[:min(len(f.Domains), 5)], ", ")
		if f.Reaches > 5 {
			names += ", …"
		}
		add("Access domains reached: %d (%s).", "涉及的接入域名：%d（%s）。", f.Reaches, names)
	}
	if s.Action != ActResume {
		for _, i := range f.Instead {
			add("Clients of %s (line %s) get now: %s.", "%s（线路 %s）的客户端现在得到：%s。", i.Domain, i.Line, i.text(zh))
		}
	}
	return strings.Join(lines, "\n")
}

// advice is what one can do where nothing in the facts says it.
var advice = map[string][2]string{
	NodeGone:            {"It is down, or its way to control is; resolvers go on answering from what they have.", "节点已停止，或与控制面之间的网络中断；解析节点会按现有数据继续应答。"},
	NodeLagging:         {"It answers by an older configuration.", "该节点仍按旧配置应答。"},
	CertificateExpiring: {"Put a new certificate in its place; a node reads its own again on SIGHUP.", "请更换证书；节点自身的证书在收到 SIGHUP 后重新读取。"},
	GeoDataOld:          {"Nobody looks for newer data; meridian geo update does.", "没有人检查过新数据；请运行 meridian geo update。"},
}

func (i *Instead) text(zh bool) string {
	if i.Basis == "nodata" || len(i.Values) == 0 {
		return pick(zh, "nothing (NODATA)", "空应答（NODATA）")
	}
	what := fmt.Sprintf(pick(zh, "pool %s [%s]", "地址池 %s [%s]"), strings.Join(i.Pools, ", "), strings.Join(i.Values, " "))
	if i.Basis == "last_resort" {
		what = pick(zh, "the last resort, ", "兜底应答，") + what
	}
	return what
}

func (s *Telling) order(zh bool) string {
	what := s.Key.Object
	if e := name(s.Key.Event, zh); e != "" {
		what = strings.TrimSpace(e + " " + what)
	}
	if what == "" {
		what = pick(zh, "all "+s.Key.Kind, "全部 "+s.Key.Kind)
	}
	switch s.Action {
	case ActAcknowledge:
		return fmt.Sprintf(pick(zh, "%s takes care of %s", "%s 已认领：%s"), s.Who, what)
	case ActRelease:
		return fmt.Sprintf(pick(zh, "%s does not take care of %s any more", "%s 取消认领：%s"), s.Who, what)
	case ActMute:
		return fmt.Sprintf(pick(zh, "%s muted %s until %s", "%s 静默：%s，至 %s"), s.Who, what, stamp(s.Facts.Until))
	}
	return fmt.Sprintf(pick(zh, "%s ended the mute of %s", "%s 取消静默：%s"), s.Who, what)
}

func pick(zh bool, en, cn string) string {
	if zh {
		return cn
	}
	return en
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// length is a time as people say it.
func length(d time.Duration, zh bool) string {
	d = max(d, 0)
	unit := func(n int, en, cn string) string { return fmt.Sprintf("%d%s", n, pick(zh, en, cn)) }
	sec := int(d.Round(time.Second) / time.Second)
	day, hour, minute := sec/86400, sec/3600%24, sec/60%60
	switch {
	case day > 0:
		return unit(day, "d", "天") + unit(hour, "h", "小时")
	case hour > 0:
		return unit(hour, "h", "小时") + unit(minute, "m", "分")
	case minute > 0:
		return unit(minute, "m", "分") + unit(sec%60, "s", "秒")
	}
	return unit(sec, "s", "秒")
}

func name(code string, zh bool) string {
	if !zh {
		return strings.ReplaceAll(code, "_", " ")
	}
	return chineseNames[code]
}

var chineseNames = map[string]string{AddressAlert: "地址告警", PoolUnavailable: "地址池不可用", DomainExceptional: "接入域名异常", NodeGone: "节点失联", NodeLagging: "节点滞后", NodeAlarm: "节点自报异常",
	DataStale: "数据陈旧", CertificateExpiring: "证书即将到期", GeoDataOld: "地理数据过旧", TrafficAnomaly: "流量异常"}

// words are the titles of one language.
type words struct {
	begins, ends map[string]func(*Telling) string
}

func say(format string) func(*Telling) string {
	return func(s *Telling) string { return fmt.Sprintf(format, s.Key.Object) }
}

var english = words{
	begins: map[string]func(*Telling) string{
		AddressAlert: func(s *Telling) string {
			if s.Facts.Available != nil && *s.Facts.Available {
				return fmt.Sprintf("Address %s fails a health task, but still counts as available", s.address())
			}
			return fmt.Sprintf("Address %s is unavailable", s.address())
		},
		PoolUnavailable: func(s *Telling) string {
			return fmt.Sprintf("Pool %s is unavailable: %d of %d addresses are available", s.Key.Object, s.Facts.OK, s.Facts.Total)
		},
		DomainExceptional: func(s *Telling) string {
			if s.Facts.Count > 0 {
				return fmt.Sprintf("%d more access domains have no available pool", s.Facts.Count)
			}
			return fmt.Sprintf("Access domain %s has no available pool", s.Key.Object)
		},
		NodeGone: func(s *Telling) string {
			return fmt.Sprintf("Node %s has not been heard for %s", s.Key.Object, length(s.lasted(), false))
		},
		NodeLagging: func(s *Telling) string {
			return fmt.Sprintf("Node %s is %d revisions behind for %s", s.Key.Object, s.Facts.Behind, length(s.lasted(), false))
		},
		NodeAlarm: say("Node %s says that something is wrong"),
		DataStale: func(s *Telling) string {
			switch s.Facts.What {
			case "vantage_lost":
				return fmt.Sprintf("Vantage %s is silent: what it found counts no more", s.Key.Object)
			case "vantage_isolated":
				return fmt.Sprintf("Vantage %s is cut off and abstains", s.Key.Object)
			case "verdicts_held":
				return fmt.Sprintf("Verdicts of %d health tasks hold for want of votes", s.Facts.Count)
			case "history_not_written":
				return "History and statistics are not written"
			}
			return "No statistics come from the resolvers"
		},
		CertificateExpiring: func(s *Telling) string {
			switch {
			case s.Facts.EndsAt.IsZero():
				return fmt.Sprintf("The certificate at %s has ended or ends soon", s.Key.Object)
			case s.Facts.Days < 0:
				return fmt.Sprintf("The certificate of %s ended on %s", s.Key.Object, s.Facts.EndsAt.UTC().Format(time.DateOnly))
			}
			return fmt.Sprintf("The certificate of %s ends in %d days", s.Key.Object, s.Facts.Days)
		},
		GeoDataOld: func(s *Telling) string { return fmt.Sprintf("The location data is %d days old", s.Facts.Days) },
		TrafficAnomaly: func(s *Telling) string {
			f := &s.Facts
			switch f.What {
			case "more_empty_answers":
				return fmt.Sprintf("%s: %.0f%% of answers are empty, usually %.0f%%", s.Key.Object, 100*f.Empty, 100*f.WasEmpty)
			case "more_queries":
				return fmt.Sprintf("%s is asked for %.1f times a second, usually %.1f", s.Key.Object, f.Rate, f.Usual)
			}
			return fmt.Sprintf("%s is asked for only %.1f times a second, usually %.1f", s.Key.Object, f.Rate, f.Usual)
		},
	},
	ends: map[string]func(*Telling) string{
		AddressAlert:    func(s *Telling) string { return fmt.Sprintf("Address %s has recovered", s.address()) },
		PoolUnavailable: say("Pool %s is available again"),
		DomainExceptional: func(s *Telling) string {
			if s.Facts.Count > 0 {
				return "The further access domains have available pools again"
			}
			return fmt.Sprintf("Access domain %s has an available pool again", s.Key.Object)
		},
		NodeGone:            say("Node %s is heard again"),
		NodeLagging:         say("Node %s has the newest configuration again"),
		NodeAlarm:           say("Node %s says that all is well again"),
		DataStale:           func(s *Telling) string { return "Measured again: " + s.stale() },
		CertificateExpiring: say("The certificate of %s is renewed"),
		GeoDataOld:          func(*Telling) string { return "The location data is fresh again" },
		TrafficAnomaly:      say("Queries for %s are as usual again"),
	},
}

var chinese = words{
	begins: map[string]func(*Telling) string{
		AddressAlert: func(s *Telling) string {
			if s.Facts.Available != nil && *s.Facts.Available {
				return fmt.Sprintf("地址 %s 有健康检查任务失败，但仍判定为可用", s.address())
			}
			return fmt.Sprintf("地址 %s 不可用", s.address())
		},
		PoolUnavailable: func(s *Telling) string {
			return fmt.Sprintf("地址池 %s 不可用：%d/%d 个地址可用", s.Key.Object, s.Facts.OK, s.Facts.Total)
		},
		DomainExceptional: func(s *Telling) string {
			if s.Facts.Count > 0 {
				return fmt.Sprintf("另有 %d 个接入域名没有可用的地址池", s.Facts.Count)
			}
			return fmt.Sprintf("接入域名 %s 没有可用的地址池", s.Key.Object)
		},
		NodeGone: func(s *Telling) string {
			return fmt.Sprintf("节点 %s 已失联 %s", s.Key.Object, length(s.lasted(), true))
		},
		NodeLagging: func(s *Telling) string {
			return fmt.Sprintf("节点 %s 落后 %d 个版本，已 %s", s.Key.Object, s.Facts.Behind, length(s.lasted(), true))
		},
		NodeAlarm: say("节点 %s 自报异常"),
		DataStale: func(s *Telling) string {
			switch s.Facts.What {
			case "vantage_lost":
				return fmt.Sprintf("探测点 %s 失联，其结果不再计入", s.Key.Object)
			case "vantage_isolated":
				return fmt.Sprintf("探测点 %s 网络孤立，弃权", s.Key.Object)
			case "verdicts_held":
				return fmt.Sprintf("%d 个健康检查任务因投票不足维持旧结论", s.Facts.Count)
			case "history_not_written":
				return "历史与统计数据无法写入"
			}
			return "没有收到解析节点的统计数据"
		},
		CertificateExpiring: func(s *Telling) string {
			switch {
			case s.Facts.EndsAt.IsZero():
				return fmt.Sprintf("%s 的证书已过期或即将过期", s.Key.Object)
			case s.Facts.Days < 0:
				return fmt.Sprintf("%s 的证书已于 %s 过期", s.Key.Object, s.Facts.EndsAt.UTC().Format(time.DateOnly))
			}
			return fmt.Sprintf("%s 的证书将在 %d 天后过期", s.Key.Object, s.Facts.Days)
		},
		GeoDataOld: func(s *Telling) string { return fmt.Sprintf("地理位置数据已有 %d 天未更新", s.Facts.Days) },
		TrafficAnomaly: func(s *Telling) string {
			f := &s.Facts
			switch f.What {
			case "more_empty_answers":
				return fmt.Sprintf("%s：%.0f%% 的应答为空，平时为 %.0f%%", s.Key.Object, 100*f.Empty, 100*f.WasEmpty)
			case "more_queries":
				return fmt.Sprintf("%s 每秒查询 %.1f 次，平时为 %.1f 次", s.Key.Object, f.Rate, f.Usual)
			}
			return fmt.Sprintf("%s 每秒仅查询 %.1f 次，平时为 %.1f 次", s.Key.Object, f.Rate, f.Usual)
		},
	},
	ends: map[string]func(*Telling) string{
		AddressAlert:    func(s *Telling) string { return fmt.Sprintf("地址 %s 已恢复", s.address()) },
		PoolUnavailable: say("地址池 %s 已恢复可用"),
		DomainExceptional: func(s *Telling) string {
			if s.Facts.Count > 0 {
				return "其余接入域名已恢复"
			}
			return fmt.Sprintf("接入域名 %s 已恢复，有可用的地址池", s.Key.Object)
		},
		NodeGone:            say("节点 %s 已恢复联系"),
		NodeLagging:         say("节点 %s 已追上最新配置"),
		NodeAlarm:           say("节点 %s 自报恢复正常"),
		DataStale:           func(s *Telling) string { return "数据已恢复更新：" + s.stale() },
		CertificateExpiring: say("%s 的证书已更新"),
		GeoDataOld:          func(*Telling) string { return "地理位置数据已更新" },
		TrafficAnomaly:      say("%s 的查询量已恢复正常"),
	},
}

// lasted is for how long it had been so when it was noticed, and since.
func (s *Telling) lasted() time.Duration { return time.Duration(s.Facts.Seconds) * time.Second }

func (s *Telling) address() string {
	if v := s.Facts.Value; v != "" && v != s.Key.Object {
		return s.Key.Object + " (" + v + ")"
	}
	return s.Key.Object
}

// stale names what is measured again; objects other than vantages bear the name of their kind.
func (s *Telling) stale() string {
	if s.Key.Kind == OfVantage {
		return s.Key.Kind + " " + s.Key.Object
	}
	return s.Key.Object
}
