package guardrail

import (
	"regexp"
	"strings"
	"sync"
)

// form is how an entity looks. The group named v, when there is one, is what is found; what stands before it only tells what it is.
type form struct {
	pattern string
	valid   func(s string) bool // nil: the form is enough
}

// said makes a form of a value that has none of its own, and is told by the words before it.
func said(words, value string) form {
	return form{pattern: `(?i)\b(?:` + words + `)(?:\s{1,3}(?:number|no\.?|nr\.?|code|id|is|was))?\s{0,3}[:=#]?\s{0,3}(?:is\s)?(?P<v>` + value + `)`}
}

// forms are the entities by type. None of them matches more than window bytes.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GuardrailPiiEntityConfig.html
var forms = map[string]form{
	"ADDRESS":                             {pattern: `\b\d{1,6}\s(?:[A-Z][\w.'-]{0,30}\s){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Place|Pl|Way|Terrace|Highway|Hwy)\b\.?(?:,?\s(?:[A-Z][\w.'-]{0,30},?\s){1,3}(?:[A-Z]{2}\s)?\d{5}(?:-\d{4})?)?`},
	"AGE":                                 {pattern: `(?i)\b(?:aged?\s{0,2}[:=]?\s{0,2}(?P<v>\d{1,3})\b|\d{1,3}[\s-](?:years?|yrs?)[\s-](?:old|of age)\b)`},
	"AWS_ACCESS_KEY":                      {pattern: `\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b`},
	"AWS_SECRET_KEY":                      {pattern: `(?i)\b(?:aws.{0,20}secret.{0,20}|secret.{0,3}access.{0,3}key.{0,5})[\s:="']{1,5}(?P<v>[A-Za-z0-9/+=]{40})(?:[^A-Za-z0-9/+=]|$)`},
	"CA_HEALTH_NUMBER":                    said(`health card|health number|ohip|phn`, `\d{4}[\s-]?\d{3}[\s-]?\d{3}(?:[\s-]?[A-Z]{2})?\b`),
	"CA_SOCIAL_INSURANCE_NUMBER":          {pattern: `\b\d{3}[\s-]\d{3}[\s-]\d{3}\b`, valid: luhn},
	"CREDIT_DEBIT_CARD_CVV":               said(`cvv2?|cvc2?|cid|security code|card verification`, `\d{3,4}\b`),
	"CREDIT_DEBIT_CARD_EXPIRY":            said(`exp(?:iry|iration|ires|\.)?(?: date)?|valid (?:thru|until|to)`, `(?:0?[1-9]|1[0-2])\s?[/-]\s?(?:20)?\d{2}\b`),
	"CREDIT_DEBIT_CARD_NUMBER":            {pattern: `\b[3-6]\d{3}[\s-]?\d{4,6}[\s-]?\d{4,5}(?:[\s-]?\d{1,4})?\b`, valid: luhn},
	"DRIVER_ID":                           said(`driver'?s? (?:licen[cs]e|id)|driving licen[cs]e`, `[A-Z0-9][A-Z0-9-]{4,18}\b`),
	"EMAIL":                               {pattern: `[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,24}\b`},
	"INTERNATIONAL_BANK_ACCOUNT_NUMBER":   {pattern: `\b[A-Z]{2}\d{2}(?:[\s-]?[A-Z0-9]{4}){2,7}(?:[\s-]?[A-Z0-9]{1,3})?\b`, valid: iban},
	"IP_ADDRESS":                          {pattern: `\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b|\b(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}\b|\b(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}\b`},
	"LICENSE_PLATE":                       said(`licen[cs]e plate|plate|registration|number plate`, `[A-Z0-9]{2,4}[\s-]?[A-Z0-9]{2,4}\b`),
	"MAC_ADDRESS":                         {pattern: `\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b`},
	"NAME":                                {pattern: `\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?\s(?P<v>[A-Z][a-z'-]{1,30}(?:\s[A-Z][a-z'-]{1,30}){0,2})\b|\b(?:[Mm]y name is|[Tt]his is|I am called|[Nn]ame:|[Ss]igned,?|[Rr]egards,|[Ss]incerely,)\s{1,3}(?P<v>[A-Z][a-z'-]{1,30}(?:\s[A-Z][a-z'-]{1,30}){0,2})\b`},
	"PASSWORD":                            said(`password|passwd|pwd|passphrase`, `[^\s,;"']{4,64}`),
	"PHONE":                               {pattern: `(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,4}\)[\s.-]?|\b\d{2,4}[\s.-])\d{3,4}[\s.-]\d{3,4}\b|\+\d{8,15}\b|\b\d{10}\b`},
	"PIN":                                 said(`pin`, `\d{4,8}\b`),
	"SWIFT_CODE":                          said(`swift|bic`, `[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b`),
	"UK_NATIONAL_HEALTH_SERVICE_NUMBER":   {pattern: `\b\d{3}[\s-]?\d{3}[\s-]?\d{4}\b`, valid: nhs},
	"UK_NATIONAL_INSURANCE_NUMBER":        {pattern: `(?i)\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]\b`},
	"UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER": said(`utr|unique taxpayer reference`, `\d{5}\s?\d{5}\b`),
	"URL":                                 {pattern: `(?i)\b(?:https?|ftp)://[^\s<>"']{1,400}|\bwww\.[^\s<>"']{1,400}`},
	"USERNAME":                            said(`user ?name|login|user id`, `[A-Za-z0-9._@-]{2,64}`),
	"US_BANK_ACCOUNT_NUMBER":              said(`(?:bank )?account`, `\d{6,17}\b`),
	"US_BANK_ROUTING_NUMBER":              {pattern: `\b\d{9}\b`, valid: routing},
	"US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER": {pattern: `\b9\d{2}[\s-]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[\s-]?\d{4}\b`},
	"US_PASSPORT_NUMBER":                      said(`passport`, `[A-Z0-9]\d{8}\b`),
	"US_SOCIAL_SECURITY_NUMBER":               {pattern: `\b\d{3}[\s-]\d{2}[\s-]\d{4}\b`, valid: ssn},
	"VEHICLE_IDENTIFICATION_NUMBER":           {pattern: `\b[A-HJ-NPR-Z0-9]{17}\b`, valid: vin},
}

var compiled sync.Map // of forms, by type

// entityFinder finds what looks like an entity of a type; nil when the type is not known.
func entityFinder(kind string) func(string) []span {
	f, ok := forms[kind]
	if !ok {
		return nil
	}
	return func(text string) []span {
		v, ok := compiled.Load(kind)
		if !ok {
			v, _ = compiled.LoadOrStore(kind, regexp.MustCompile(f.pattern))
		}
		re := v.(*regexp.Regexp)
		var list []span
		for _, m := range re.FindAllStringSubmatchIndex(text, maxFindings) {
			at := span{m[0], m[0], m[1], m[1]}
			for i := 2; i+1 < len(m); i += 2 {
				if m[i] >= 0 {
					at.start, at.end = m[i], m[i+1]
				}
			}
			if f.valid == nil || f.valid(text[at.start:at.end]) {
				list = append(list, at)
			}
		}
		return list
	}
}

// digits are the digits of a text.
func digits(s string) []int {
	var list []int
	for _, r := range s {
		if r >= '0' && r <= '9' {
			list = append(list, int(r-'0'))
		}
	}
	return list
}

// luhn checks the last digit of cards and of Canadian insurance numbers.
func luhn(s string) bool {
	d := digits(s)
	if len(d) < 9 || len(d) > 19 {
		return false
	}
	sum := 0
	for i := range d {
		n := d[len(d)-1-i]
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0 && sum > 0
}

func iban(s string) bool {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		switch {
		case r >= '0' && r <= '9':
			rest = (rest*10 + int(r-'0')) % 97
		case r >= 'A' && r <= 'Z':
			rest = (rest*100 + int(r-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

func nhs(s string) bool {
	d := digits(s)
	if len(d) != 10 {
		return false
	}
	sum := 0
	for i := range 9 {
		sum += d[i] * (10 - i)
	}
	check := 11 - sum%11
	return check == 11 && d[9] == 0 || check == d[9]
}

func routing(s string) bool {
	d := digits(s)
	if len(d) != 9 || d[0] > 3 {
		return false
	}
	return (3*(d[0]+d[3]+d[6])+7*(d[1]+d[4]+d[7])+d[2]+d[5]+d[8])%10 == 0
}

func ssn(s string) bool {
	return s[:3] != "000" && s[:3] != "666" && s[0] != '9' && s[4:6] != "00" && s[7:] != "0000"
}

func vin(s string) bool {
	const values = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ"
	weights := []int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
	sum := 0
	for i := range 17 {
		at := strings.IndexByte(values, s[i])
		if at < 0 {
			return false
		}
		sum += at % 10 * weights[i]
	}
	check := byte('0' + sum%11)
	if sum%11 == 10 {
		check = 'X'
	}
	return s[8] == check
}
