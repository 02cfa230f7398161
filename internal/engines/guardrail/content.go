package guardrail

import (
	"regexp"
	"strings"
	"sync"
)

// phrases are what each kind of content is told by: sure ones, which are enough alone, and weak ones. They are few, in English
// only, and made to be read: no model judges here.
var phrases = map[string][2]string{
	"VIOLENCE": {`kill (him|her|them|you|myself|people)|(make|build|making|building) a (pipe )?bomb|shoot (him|her|them|people)|stab (him|her|them|you)|mass shooting|behead|massacre|torture (him|her|them|someone)|murder (him|her|them|someone|my)`,
		`kill|bomb|shoot|stab|murder|weapon|gun|explosive|assault|strangle|blood`},
	"HATE": {`(exterminate|deport) all (the )?\w+|(inferior|subhuman) (race|people)|ethnic cleansing|white supremacy|go back to your country|gas the \w+`,
		`inferior race|vermin|subhuman|infidels`},
	"INSULTS": {`you('re| are) (such )?(an? )?(idiot|moron|stupid|worthless|pathetic|loser|dumb|disgusting)|(stupid|worthless|fucking) (idiot|moron|bitch|piece)|shut up,? (you )?(idiot|moron)`,
		`idiot|moron|stupid|loser|worthless|pathetic|dumb|imbecile`},
	"SEXUAL": {`explicit sex|sex(ual)? (acts?|scene)|oral sex|naked (girl|boy|woman|man|child)|child porn\w*|porn(ographic|ography)?`,
		`sexual|naked|nude|erotic|orgasm|genitals`},
	"MISCONDUCT": {`(launder|laundering) money|(make|cook|cooking|synthesi[sz]e|synthesi[sz]ing) (meth|methamphetamine|heroin|fentanyl)|(hack|hacking|break|breaking) into (a |an |the |my |his |her |their |someone'?s? )?\w+|(write|make|create) (a )?(malware|ransomware|virus|phishing)|steal (a |credit |someone)|forge (a |documents|passport)|pick a lock`,
		`launder|counterfeit|phishing|malware|ransomware|hack|steal|shoplift|forge|smuggle|drugs`},
	"PROMPT_ATTACK": {`(ignore|disregard|forget|bypass|override) (all |any )?(of )?(the |your |my )?(previous|prior|above|earlier|system|safety)? ?(instructions|prompts?|rules|guidelines|restrictions)|(reveal|print|show|repeat) (me )?(your|the) (system )?prompt|you are now (dan|in developer mode|unrestricted|jailbroken)|do anything now|pretend (that )?you have no (rules|restrictions|guidelines)`,
		`jailbreak|developer mode|system prompt|without restrictions|unfiltered|hypothetically`},
}

// lists are the phrases compiled, when they are first needed.
var lists = sync.OnceValue(func() map[string][2]*regexp.Regexp {
	out := map[string][2]*regexp.Regexp{}
	for kind, p := range phrases {
		out[kind] = [2]*regexp.Regexp{regexp.MustCompile(`(?i)\b(` + p[0] + `)\b`), regexp.MustCompile(`(?i)\b(` + p[1] + `)`)}
	}
	return out
})

// content finds harmful content. Two sure phrases, or one with weak ones beside it, are certain; one is likely; weak ones alone are
// a suspicion that three of them make likely.
func (g *Guardrail) content(side Side, text string) []Finding {
	var found []Finding
	for _, f := range g.policy.Filters {
		if f.Strength[side] == Off || f.Actions[side] == "" {
			continue
		}
		list, ok := lists()[f.Type]
		if !ok {
			continue
		}
		sure, weak := len(list[0].FindAllStringIndex(text, 3)), distinct(list[1], text)
		var c Strength
		switch {
		case sure >= 2 || sure == 1 && weak >= 2:
			c = High
		case sure == 1 || weak >= 3:
			c = Medium
		case weak >= 1:
			c = Low
		default:
			continue
		}
		x := Finding{Kind: ContentFound, Name: f.Type, Confidence: c, Strength: f.Strength[side], Action: None}
		// A high strength blocks what is likely too, and also a suspicion of two.
		if c == High || c == Medium && f.Strength[side] >= Medium || c == Low && f.Strength[side] == High && weak >= 2 {
			x.Action = f.Actions[side]
		}
		found = append(found, x)
	}
	return found
}

// distinct counts the different matches of a pattern.
func distinct(re *regexp.Regexp, text string) int {
	seen := map[string]bool{}
	for _, m := range re.FindAllString(text, 64) {
		seen[strings.ToLower(m)] = true
	}
	return len(seen)
}

// profanity is the list that is managed for the user: English words that are hardly ever meant well.
var profanity = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(mother)?fuck(s|ed|er|ers|ing)?|bull ?shit|shit(s|ty|head)?|ass ?holes?|bitch(es|y)?|bastards?|cunts?|dick ?heads?|dumb ?ass(es)?|wankers?|twats?|pricks?|douche ?bags?|cock ?suckers?|sluts?|whores?|arse ?holes?|bollocks`)
})
