package template

import (
	"slices"
	"strings"
)

// Summary is what a template says of itself, for GetTemplateSummary and ValidateTemplate.
type Summary struct {
	Description string
	Version     string // AWSTemplateFormatVersion; empty when it is not said
	Metadata    string // JSON; empty without any
	Parameters  []Parameter
	// Capabilities that a caller must acknowledge: CAPABILITY_IAM or CAPABILITY_NAMED_IAM, and CAPABILITY_AUTO_EXPAND.
	Capabilities []string
	// Reason says why, as CapabilitiesReason does.
	Reason string
	// Types are the resources' types, sorted, each once.
	Types []string
	// Transforms are those declared.
	Transforms []string
	// Identifiers are the logical IDs by type, sorted.
	Identifiers map[string][]string
}

// named are the properties that name what IAM has.
var named = map[string]string{"AWS::IAM::Role": "RoleName", "AWS::IAM::User": "UserName", "AWS::IAM::Group": "GroupName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
	"AWS::IAM::InstanceProfile": "InstanceProfileName"}

// sensitive are the types that give rights.
var sensitive = []string{"AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::GroupPolicy", "AWS::IAM::InstanceProfile", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy",
	"AWS::IAM::Role", "AWS::IAM::RolePolicy", "AWS::IAM::User", "AWS::IAM::UserPolicy", "AWS::IAM::UserToGroupAddition"}

// Summary tells what the template says of itself.
func (t *Template) Summary() Summary {
	s := Summary{Description: t.Description, Parameters: t.Parameters, Transforms: t.Transforms, Identifiers: map[string][]string{}}
	s.Version, _ = t.root["AWSTemplateFormatVersion"].(string)
	if len(t.Metadata) > 0 {
		if b, err := jsonText(t.Metadata); err == nil {
			s.Metadata = string(b)
		}
	}
	capability := ""
	var why []string
	resources, _ := t.root["Resources"].(map[string]any)
	declared(resources, 0, func(id, typ string, r map[string]any) {
		s.Identifiers[typ] = append(s.Identifiers[typ], id)
		if !slices.Contains(sensitive, typ) {
			return
		}
		if capability == "" {
			capability = "CAPABILITY_IAM"
		}
		p, _ := r["Properties"].(map[string]any)
		if name := named[typ]; name != "" && p[name] != nil {
			capability = "CAPABILITY_NAMED_IAM"
		}
	})
	s.Types = sorted(s.Identifiers)
	for _, typ := range s.Types {
		if slices.Contains(sensitive, typ) {
			why = append(why, typ)
		}
	}
	if capability != "" {
		s.Capabilities = append(s.Capabilities, capability)
	}
	if len(t.Transforms) > 0 {
		why = append(why, t.Transforms...)
		s.Capabilities = append(s.Capabilities, "CAPABILITY_AUTO_EXPAND")
	}
	if len(why) > 0 {
		s.Reason = "The following resource(s) require capabilities: " + bracketed(why)
	}
	return s
}

// declared goes over the resources that a section declares, within loops too.
func declared(section map[string]any, nested int, visit func(id, typ string, r map[string]any)) {
	for _, id := range sorted(section) {
		if list, loops := section[id].([]any); loops && strings.HasPrefix(id, loop) && len(list) == 3 && nested < maxNested {
			body, _ := list[2].(map[string]any)
			declared(body, nested+1, visit)
			continue
		}
		r, _ := section[id].(map[string]any)
		if typ, _ := r["Type"].(string); typ != "" {
			visit(id, typ, r)
		}
	}
}
