package blueprint

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/blueprints"
)

func list(t *testing.T, name string) []Parameter {
	t.Helper()
	b, err := blueprints.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Parameters(b.Template)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestTemplatesAgree holds the four templates to the same parameters, under the same names, with the same limits.
func TestTemplatesAgree(t *testing.T) {
	seen := map[string]Parameter{}
	for _, b := range blueprints.All() {
		names := []string{}
		for _, p := range list(t, b.Name) {
			names = append(names, p.Name)
			o, ok := seen[p.Name]
			if !ok {
				seen[p.Name] = p
				continue
			}
			if p.Name != "InferenceType" && (!slices.Equal(p.Allowed, o.Allowed) || p.Pattern != o.Pattern || p.Type != o.Type) {
				t.Errorf("%s has another %s: %+v, %+v", b.Name, p.Name, p, o)
			}
		}
		for _, want := range []string{"ProjectName", "Environment", "VPCConfigUseExisting", "VPCConfigVPCID", "DataSourcesS3Buckets", "DataSourcesGlueDatabases", "ModelSource", "BedrockConfigModelId",
			"BedrockConfigModelType", "BedrockConfigProvisionedThroughput", "SageMakerConfigModelArtifactPath", "SageMakerConfigContainerImage", "InferenceType", "MonitoringEnabled"} {
			if !slices.Contains(names, want) {
				t.Errorf("%s has no %s", b.Name, want)
			}
		}
		if len(b.Template) > 51_200 {
			t.Errorf("%s has %d bytes, more than a call takes", b.Name, len(b.Template))
		}
	}
}

func TestCheck(t *testing.T) {
	l := list(t, "async")
	f := func(given map[string]string, wants ...string) {
		t.Helper()
		all := map[string]string{"ProjectName": "shop", "CodeS3Bucket": "code", "CodeS3Key": "k"}
		maps.Copy(all, given)
		err := Check(l, all)
		if (err == nil) != (len(wants) == 0) {
			t.Errorf("Check(%v) = %v", given, err)
		}
		for _, w := range wants {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("Check(%v) = %v, want %q", given, err, w)
			}
		}
	}
	f(nil)
	f(map[string]string{"ProjectName": "Shop", "Environment": "test"}, "ProjectName must be 3 to 20 lower case", `Environment must be one of dev, staging, prod, not "test"`)
	f(map[string]string{"ProjectName": "shop-"}, "ProjectName")
	f(map[string]string{"MinInstances": "0", "MaxInstances": "20"})
	f(map[string]string{"MaxInstances": "0"}, "MaxInstances must be from 1 to 20")
	f(map[string]string{"MaxInstances": "many"}, "must be a number")
	f(map[string]string{"SageMakerConfigModelArtifactPath": "s3://b/model.zip"}, "must be the S3 URI of a .tar.gz file")
	f(map[string]string{"SageMakerConfigModelArtifactPath": ""})
	f(map[string]string{"Other": ""}, "there is no parameter Other")
	f(map[string]string{"CodeS3Key": ""}, "CodeS3Key must be given")
}

func TestReadFile(t *testing.T) {
	l := list(t, "async")
	f := func(content, want string) {
		t.Helper()
		got, err := ReadFile([]byte(content), l)
		text := ""
		for _, k := range slices.Sorted(maps.Keys(got)) {
			text += k + "=" + got[k] + " "
		}
		if err != nil {
			text = err.Error()
		}
		if strings.TrimSpace(text) != want {
			t.Errorf("%s: %s, want %s", content, text, want)
		}
	}
	f("ProjectName: shop\nMaxInstances: 3\nMonitoringEnabled: false\n", "MaxInstances=3 MonitoringEnabled=false ProjectName=shop")
	f("BlueprintConfig:\n  ModelSource: bedrock\n  BedrockConfig: {ModelId: m, ProvisionedThroughput: true}\n", "BedrockConfigModelId=m BedrockConfigProvisionedThroughput=true ModelSource=bedrock")
	f("ModelConfig: {InstanceType: ml.m5.xlarge}\nSageMakerConfig: {ContainerImage: i}\n", "InstanceType=ml.m5.xlarge SageMakerConfigContainerImage=i")
	f(`{"DataSources":{"S3Buckets":["a","b"],"GlueDatabases":[]}}`, "DataSourcesGlueDatabases= DataSourcesS3Buckets=a,b")
	f(`[{"ParameterKey":"ProjectName","ParameterValue":"shop"}]`, "ProjectName=shop")
	f("A: {B: 1}", "there is no parameter A.B")
	f("- 1", "cannot read the parameters: an item of the list has no ParameterKey")
	f("text", "cannot read the parameters: they are no object")
}

func TestAsk(t *testing.T) {
	f := func(answers string, given map[string]string, all bool, want string) {
		t.Helper()
		var out bytes.Buffer
		err := Ask(strings.NewReader(answers), &out, list(t, "async"), given, all)
		text := fmt.Sprint(given)
		if err != nil {
			text = err.Error()
		}
		if text != want {
			t.Errorf("%q: %s, want %s\n%s", answers, text, want, out.String())
		}
	}
	f("No\nshop\n", map[string]string{}, false, "map[ProjectName:shop]")
	f("", map[string]string{"ProjectName": "shop"}, false, "map[ProjectName:shop]")
	f("", map[string]string{}, false, "nobody answers")
	f("shop\nprod\nbedrock\nm\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", map[string]string{}, true, "map[BedrockConfigModelId:m Environment:prod ModelSource:bedrock ProjectName:shop]")
}

// TestBoard draws frames on terminals of several widths: no line may be wider, and each frame begins where the last one did.
func TestBoard(t *testing.T) {
	up := regexp.MustCompile(`^\x1b\[(\d+)A`)
	for _, width := range []int{20, 40, 80, 200} {
		var out bytes.Buffer
		size := func() (int, int) { return width, 12 }
		b := &Board{w: &out, size: size}
		s := b.Step("Resources")
		var many []Resource
		for i := range 30 {
			many = append(many, Resource{ID: fmt.Sprintf("Resource%d", i), Type: "AWS::CloudFormation::WaitConditionHandle", Status: "CREATE_IN_PROGRESS"})
		}
		many[3].Status, many[3].Reason = "CREATE_FAILED", "a long reason\nin two lines, é "+strings.Repeat("x", 300)
		s.Resources(many)
		before := b.drawn
		out.Reset()
		if err := s.End(errors.New("failed"), ""); err == nil {
			t.Error("End loses the error")
		}
		frame := out.String()
		if m := up.FindStringSubmatch(frame); m == nil && before > 0 {
			b.draw()
		}
		out.Reset()
		b.draw()
		frame = out.String()
		if m := up.FindStringSubmatch(frame); m == nil || m[1] != fmt.Sprint(b.drawn) {
			t.Errorf("the frame begins with %.10q, %d lines were drawn", frame, b.drawn)
		}
		lines := strings.Split(regexp.MustCompile(`\x1b\[\d*[A-Z]|\r`).ReplaceAllString(frame, ""), "\n")
		if len(lines) > 13 {
			t.Errorf("%d lines on 12 rows", len(lines))
		}
		for _, l := range lines {
			if n := len([]rune(l)); n >= width {
				t.Errorf("a line of %d in %d columns: %s", n, width, l)
			}
		}
	}
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	b := NewBoard(&out, nil)
	s := b.Step("Resources")
	s.Resources([]Resource{{ID: "A", Type: "T", Status: "CREATE_IN_PROGRESS"}})
	s.Resources([]Resource{{ID: "A", Type: "T", Status: "CREATE_COMPLETE"}})
	s.Resources([]Resource{{ID: "A", Type: "T", Status: "CREATE_COMPLETE"}})
	if err := s.End(nil, ""); err != nil {
		t.Error(err)
	}
	b.Close()
	if got := out.String(); strings.Count(got, "CREATE_COMPLETE") != 1 || strings.Contains(got, "\x1b") || !strings.Contains(got, "1 of 1") {
		t.Errorf("%q", got)
	}
}
