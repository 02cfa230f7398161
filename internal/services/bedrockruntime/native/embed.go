package native

import (
	"math"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// titanEmbed is Amazon's family of embeddings.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
type titanEmbed struct{}

type titanEmbedRequest struct {
	Text       string   `json:"inputText"`
	Dimensions *int     `json:"dimensions"`
	Normalize  *bool    `json:"normalize"`
	Types      []string `json:"embeddingTypes"`
}

// Texts reads what is to be embedded.
func (titanEmbed) Texts(body []byte) ([]string, error) {
	var in titanEmbedRequest
	if err := read(body, &in, "inputText"); err != nil {
		return nil, err
	}
	if in.Text == "" {
		return nil, malformed("#/inputText: expected minLength: 1, actual: 0")
	}
	if len([]rune(in.Text)) > 50000 {
		return nil, malformed("#/inputText: expected maxLength: 50000")
	}
	return []string{in.Text}, within("dimensions", in.Dimensions, 1, 1<<14)
}

// Encode writes the vector. Fewer dimensions are the first ones, as long as 1 again.
func (titanEmbed) Encode(body []byte, v models.Vectors) (any, error) {
	var in titanEmbedRequest
	if err := read(body, &in); err != nil {
		return nil, err
	}
	e := v.List[0]
	if n := number(in.Dimensions); n > len(e) {
		return nil, malformed("#/dimensions: the model has %d dimensions", len(e))
	} else if n > 0 && n < len(e) {
		e = shortened(e, n)
	}
	out := map[string]any{"embedding": e, "inputTextTokenCount": v.Tokens[0]}
	types := map[string]any{}
	for _, t := range in.Types {
		switch t {
		case "float":
			types["float"] = e
		case "binary":
			types["binary"] = signs(e)
		default:
			return nil, malformed("#/embeddingTypes: %s is not a valid enum value", t)
		}
	}
	if len(types) == 0 {
		types["float"] = e
	}
	out["embeddingsByType"] = types
	return out, nil
}

func shortened(e []float32, n int) []float32 {
	sum := 0.0
	for _, x := range e[:n] {
		sum += float64(x) * float64(x)
	}
	out := make([]float32, n)
	for i, x := range e[:n] {
		out[i] = float32(float64(x) / math.Sqrt(max(sum, 1e-24)))
	}
	return out
}

// signs is 1 for what is above zero.
func signs(e []float32) []int {
	out := make([]int, len(e))
	for i, x := range e {
		if x > 0 {
			out[i] = 1
		}
	}
	return out
}

// cohereEmbed is Cohere's family of embeddings.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
type cohereEmbed struct{}

type cohereRequest struct {
	Texts     []string `json:"texts"`
	Type      string   `json:"input_type"`
	Truncate  string   `json:"truncate"`
	Types     []string `json:"embedding_types"`
	Images    []string `json:"images"`
	Dimension *int     `json:"output_dimension"`
}

// Texts reads what is to be embedded.
func (cohereEmbed) Texts(body []byte) ([]string, error) {
	var in cohereRequest
	if err := read(body, &in, "texts", "input_type"); err != nil {
		return nil, err
	}
	if n := len(in.Texts); n == 0 || n > 96 {
		return nil, malformed("#/texts: expected 1 to 96 items, found: %d", n)
	}
	switch in.Type {
	case "search_document", "search_query", "classification", "clustering":
	default:
		return nil, malformed("#/input_type: %q is not a valid enum value", in.Type)
	}
	for _, t := range in.Texts {
		if t == "" {
			return nil, malformed("#/texts: a text is empty")
		}
	}
	return in.Texts, nil
}

// Encode writes the vectors.
func (cohereEmbed) Encode(body []byte, v models.Vectors) (any, error) {
	var in cohereRequest
	if err := read(body, &in); err != nil {
		return nil, err
	}
	out := map[string]any{"id": uuid.NewString(), "texts": in.Texts}
	if len(in.Types) == 0 {
		out["response_type"], out["embeddings"] = "embeddings_floats", v.List
		return out, nil
	}
	types := map[string]any{}
	for _, t := range in.Types {
		if t != "float" {
			return nil, malformed("#/embedding_types: %q is not supported by the model", t)
		}
		types[t] = v.List
	}
	out["response_type"], out["embeddings"] = "embeddings_by_type", types
	return out, nil
}
