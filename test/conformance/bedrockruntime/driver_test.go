package bedrockruntime

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/engines/models/bedrock"
	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// TestDriverOfBedrock has the driver of the real Bedrock ask this server, which speaks as it does.
func TestDriverOfBedrock(t *testing.T) {
	s := shared(t)
	admin := harness.Must(s.Admin(t.Context()))(t)
	for _, v := range admin.Environ() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	zero := 0.0
	ask := models.Request{System: "Answer briefly.", Turns: []models.Turn{{Role: models.User, Content: []models.Content{{Text: "Name three colors."}}}},
		Sampling: models.Sampling{MaxTokens: maxWords, Temperature: &zero}}
	m := bedrock.New(bedrock.Config{Region: harness.Region, Model: llama, Endpoint: s.URL})
	parts := 0
	a, err := m.Stream(t.Context(), ask, func(models.Part) error { parts++; return nil })
	if err != nil || a.Text() == "" || parts < 3 || a.Usage.Output == 0 || a.Stop == "" {
		t.Errorf("%+v in %d parts %v", a, parts, err)
	}
	if n, err := m.Count(t.Context(), ask); err != nil || n != a.Usage.Input {
		t.Errorf("%d tokens, %d were used (%v)", n, a.Usage.Input, err)
	}
	ask.Tools = []models.Tool{{Name: "paint", Description: "Paints a wall", Schema: json.RawMessage(`{"type":"object","properties":{"color":{"type":"string"}},"required":["color"]}`)}}
	ask.Choice, ask.Sampling.MaxTokens = models.Choice{Tool: "paint"}, 60
	a, err = m.Stream(t.Context(), ask, nil)
	if err != nil || a.Stop != models.CallTools || len(a.Content) != 1 || a.Content[0].Use == nil || !strings.Contains(string(a.Content[0].Use.Input), `"color"`) {
		t.Errorf("%+v %v", a, err)
	}
	nobody := bedrock.New(bedrock.Config{Region: harness.Region, Model: "no.such-model", Endpoint: s.URL})
	if _, err := nobody.Stream(t.Context(), ask, nil); models.KindOf(err) != models.Invalid {
		t.Errorf("an unknown model: %v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	stranger := bedrock.New(bedrock.Config{Region: harness.Region, Model: llama, Endpoint: s.URL})
	if _, err := stranger.Stream(t.Context(), ask, nil); models.KindOf(err) != models.Denied || strings.Contains(err.Error(), "signature") {
		t.Errorf("a wrong key: %v", err)
	}
}
