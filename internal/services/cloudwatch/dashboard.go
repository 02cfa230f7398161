package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	maxBody    = 1 << 20
	maxWidgets = 500
)

// dashboard is kept as it was given.
type dashboard struct {
	Name     string
	Body     string
	Modified time.Time
	Tags     map[string]string `json:",omitempty"`
}

var dashboardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// dashboardKey: dashboards are of no region.
func dashboardKey(ctx context.Context, name string) store.Key {
	return store.Key{Account: wire.CallOf(ctx).Account(), ID: name}
}

func dashboardARN(k store.Key) string { return arn.New("cloudwatch", "", k.Account, "dashboard/"+k.ID) }

func onDashboard(ctx context.Context, names ...string) []wire.Target {
	out := make([]wire.Target, len(names))
	for i, name := range names {
		out[i] = wire.Target{Resource: dashboardARN(dashboardKey(ctx, name))}
	}
	return out
}

// PutDashboard keeps a dashboard. What is wrong within its widgets is told, and kept all the same.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
func (s *Service) PutDashboard(ctx context.Context, in *cloudwatch.PutDashboardInput) (*cloudwatch.PutDashboardOutput, error) {
	if !dashboardName.MatchString(*in.DashboardName) {
		return nil, badValue("The value %s for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).", *in.DashboardName)
	}
	fatal, warnings := checkDashboard(*in.DashboardBody)
	if warnings == nil {
		warnings = []types.DashboardValidationMessage{}
	}
	if len(fatal) > 0 {
		return nil, &types.DashboardInvalidInputError{Message: aws.String(fmt.Sprintf("The field DashboardBody must be a valid JSON object, and has %d errors: %s",
			len(fatal), aws.ToString(fatal[0].Message))), DashboardValidationMessages: fatal}
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	k := dashboardKey(ctx, *in.DashboardName)
	return &cloudwatch.PutDashboardOutput{DashboardValidationMessages: warnings}, s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.dashboards.Get(tx, k)
		if err != nil && !absent(err) {
			return err
		}
		if absent(err) {
			d.Tags = tags
		}
		d.Name, d.Body, d.Modified = k.ID, *in.DashboardBody, s.Clock.Now()
		return s.dashboards.Put(tx, k, d)
	})
}

func (s *Service) putDashboardTargets(ctx context.Context, in *cloudwatch.PutDashboardInput) ([]wire.Target, error) {
	return onDashboard(ctx, aws.ToString(in.DashboardName)), nil
}

// checkDashboard tells what is wrong with a body: so that it cannot be kept, or so that a widget shows nothing.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func checkDashboard(body string) (fatal, warnings []types.DashboardValidationMessage) {
	say := func(to *[]types.DashboardValidationMessage, path, format string, args ...any) {
		*to = append(*to, types.DashboardValidationMessage{DataPath: aws.String(path), Message: aws.String(fmt.Sprintf(format, args...))})
	}
	var d struct {
		Widgets *[]json.RawMessage `json:"widgets"`
	}
	switch err := json.Unmarshal([]byte(body), &d); {
	case len(body) > maxBody:
		say(&fatal, "", "The dashboard body must not be longer than %d bytes", maxBody)
		return fatal, nil
	case err != nil || !strings.HasPrefix(strings.TrimSpace(body), "{"):
		say(&fatal, "", "Invalid JSON: the dashboard body must be an object")
		return fatal, nil
	case d.Widgets == nil:
		say(&fatal, "", "Should have required property 'widgets'")
		return fatal, nil
	case len(*d.Widgets) > maxWidgets:
		say(&fatal, "/widgets", "Should NOT have more than %d items", maxWidgets)
		return fatal, nil
	}
	for i, raw := range *d.Widgets {
		path := fmt.Sprintf("/widgets/%d", i)
		var w struct {
			Type          *string          `json:"type"`
			X, Y          *float64         `json:",omitempty"`
			Width, Height *float64         `json:",omitempty"`
			Properties    *json.RawMessage `json:"properties"`
		}
		if json.Unmarshal(raw, &w) != nil {
			say(&fatal, path, "Should be a widget object")
			continue
		}
		if w.Type == nil {
			say(&fatal, path, "Should have required property 'type'")
		} else if !strings.Contains("|metric|text|log|alarm|custom|explorer|", "|"+*w.Type+"|") {
			say(&fatal, path+"/type", "Should be one of: metric, text, log, alarm, custom, explorer")
		}
		if w.Properties == nil {
			say(&fatal, path, "Should have required property 'properties'")
		} else {
			checkProperties(*w.Properties, w.Type, path+"/properties", func(at, message string) { say(&warnings, at, "%s", message) })
		}
		for name, v := range map[string]*float64{"width": w.Width, "x": w.X} {
			if v != nil && (*v < 0 || *v > 24) {
				say(&warnings, path+"/"+name, "Should be between 0 and 24")
			}
		}
	}
	return fatal, warnings
}

// checkProperties tells what the widget of a kind lacks.
func checkProperties(raw json.RawMessage, kind *string, path string, warn func(at, message string)) {
	var p map[string]json.RawMessage
	if json.Unmarshal(raw, &p) != nil {
		warn(path, "Should be object")
		return
	}
	needs := map[string][]string{"text": {"markdown"}, "log": {"query", "region"}, "alarm": {"alarms"}, "custom": {"endpoint"}}
	for _, name := range needs[aws.ToString(kind)] {
		if _, ok := p[name]; !ok {
			warn(path, "Should have required property '"+name+"'")
		}
	}
	if aws.ToString(kind) != "metric" {
		return
	}
	_, hasMetrics := p["metrics"]
	_, hasNotes := p["annotations"]
	if !hasMetrics && !hasNotes {
		warn(path, "Should have required property 'metrics' or 'annotations'")
	}
	if _, ok := p["region"]; !ok {
		warn(path, "Should have required property 'region'")
	}
	if raw, ok := p["metrics"]; ok {
		var list [][]json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			warn(path+"/metrics", "Should be an array of arrays")
		}
	}
}

func noDashboard(name string) error {
	return &types.DashboardNotFoundError{Message: aws.String("Dashboard " + name + " does not exist")}
}

// GetDashboard gives a dashboard as it was put.
func (s *Service) GetDashboard(ctx context.Context, in *cloudwatch.GetDashboardInput) (out *cloudwatch.GetDashboardOutput, err error) {
	k := dashboardKey(ctx, *in.DashboardName)
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		d, err := s.dashboards.Get(tx, k)
		if absent(err) {
			return noDashboard(k.ID)
		}
		out = &cloudwatch.GetDashboardOutput{DashboardName: &d.Name, DashboardArn: aws.String(dashboardARN(k)), DashboardBody: &d.Body}
		return err
	})
	return out, err
}

func (s *Service) getDashboardTargets(ctx context.Context, in *cloudwatch.GetDashboardInput) ([]wire.Target, error) {
	return onDashboard(ctx, aws.ToString(in.DashboardName)), nil
}

// ListDashboards lists the account's dashboards.
func (s *Service) ListDashboards(ctx context.Context, in *cloudwatch.ListDashboardsInput) (*cloudwatch.ListDashboardsOutput, error) {
	var rows []store.Row[dashboard]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.dashboards.List(tx, store.Range{Account: wire.CallOf(ctx).Account(), Prefix: aws.ToString(in.DashboardNamePrefix)})
		return err
	}); err != nil {
		return nil, err
	}
	page, next, err := wire.Page(ctx, rows, func(r store.Row[dashboard]) string { return r.Key.ID }, 1000, in.NextToken)
	if err != nil {
		return nil, badValue("The value for parameter NextToken is invalid.")
	}
	out := &cloudwatch.ListDashboardsOutput{DashboardEntries: []types.DashboardEntry{}, NextToken: next}
	for _, r := range page {
		out.DashboardEntries = append(out.DashboardEntries, types.DashboardEntry{DashboardName: &r.Value.Name, DashboardArn: aws.String(dashboardARN(r.Key)),
			LastModified: &r.Value.Modified, Size: aws.Int64(int64(len(r.Value.Body)))})
	}
	return out, nil
}

// DeleteDashboards removes dashboards: all of them or, when one isn't there, none.
func (s *Service) DeleteDashboards(ctx context.Context, in *cloudwatch.DeleteDashboardsInput) (*cloudwatch.DeleteDashboardsOutput, error) {
	return &cloudwatch.DeleteDashboardsOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, name := range in.DashboardNames {
			if err := s.dashboards.Delete(tx, dashboardKey(ctx, name)); absent(err) {
				return noDashboard(name)
			} else if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) deleteDashboardsTargets(ctx context.Context, in *cloudwatch.DeleteDashboardsInput) ([]wire.Target, error) {
	return onDashboard(ctx, in.DashboardNames...), nil
}
