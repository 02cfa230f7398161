package athena

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// explain gives the plan of a query, or runs it and gives what it took besides. Of plans it tells what operators there are and
// which tables the query itself names: nothing of how many rows they have, where they lie and what was cut from them. A plan
// has one fragment, as it is run on one node.
// Source: https://docs.aws.amazon.com/athena/latest/ug/athena-explain-statement.html
func (q *session) explain(ctx context.Context, st statement.Explain) ([]types.ColumnInfo, []string, error) {
	of, ok := st.Of.(statement.Query)
	if !ok {
		return nil, nil, notSupported("EXPLAIN is only for queries")
	}
	kind, format, err := explainOptions(st)
	if err != nil {
		return nil, nil, err
	}
	r, err := q.request(ctx, of.Text)
	if err != nil {
		return nil, nil, err
	}
	p, err := q.Engine.Explain(ctx, r)
	if err != nil {
		return nil, nil, queryFault(err)
	}
	if kind == "VALIDATE" {
		columns := said("Valid")
		columns[0].Type = aws.String("boolean")
		return columns, []string{"true"}, nil
	}
	text := ""
	if st.Analyze {
		text, err = q.analyze(ctx, of, p, format)
	} else {
		text, err = planText(p, kind, format)
	}
	columns := said("Query Plan")
	columns[0].Type = aws.String("varchar")
	return columns, strings.Split(strings.TrimRight(text, "\n"), "\n"), err
}

func explainOptions(st statement.Explain) (kind, format string, err error) {
	for k := range st.Options {
		if k != "TYPE" && k != "FORMAT" {
			return "", "", failure(syntaxError, "EXPLAIN has no option %s", k)
		}
	}
	kind, format = st.Options["TYPE"], st.Options["FORMAT"]
	switch {
	case st.Analyze && kind != "":
		return "", "", failure(syntaxError, "EXPLAIN ANALYZE has no option TYPE")
	case kind == "":
		kind = "LOGICAL"
	}
	if format == "" {
		format = map[bool]string{true: "JSON", false: "TEXT"}[kind == "IO"]
	}
	switch kind {
	case "LOGICAL", "DISTRIBUTED":
	case "VALIDATE":
		if format != "TEXT" {
			return "", "", notSupported("EXPLAIN (TYPE VALIDATE, FORMAT %s)", format)
		}
	case "IO":
		if format != "JSON" {
			return "", "", notSupported("EXPLAIN (TYPE IO, FORMAT %s): the format of TYPE IO is JSON", format)
		}
	default:
		return "", "", failure(syntaxError, "EXPLAIN has no TYPE %s", kind)
	}
	switch format {
	case "TEXT", "JSON":
	case "GRAPHVIZ":
		if st.Analyze {
			return "", "", notSupported("EXPLAIN ANALYZE (FORMAT GRAPHVIZ)")
		}
	default:
		return "", "", failure(syntaxError, "EXPLAIN has no FORMAT %s", format)
	}
	return kind, format, nil
}

func planText(p *sql.Plan, kind, format string) (string, error) {
	switch {
	case kind == "IO":
		return indented(inputsOf(p))
	case format == "GRAPHVIZ":
		return graph(p, kind), nil
	case format == "TEXT" && kind == "DISTRIBUTED":
		return "Fragment 0 [SINGLE]\n    Output layout: [" + strings.Join(resultNames(p), ", ") + "]\n    " + strings.ReplaceAll(strings.TrimRight(p.Text(), "\n"), "\n", "\n    "), nil
	case format == "TEXT":
		return "Query Plan\n" + p.Text(), nil
	case kind == "DISTRIBUTED":
		return indented(map[string]planNode{"0": nodeOf(p)})
	}
	return indented(nodeOf(p))
}

func indented(v any) (string, error) {
	body, err := json.MarshalIndent(v, "", "  ")
	return string(body), err
}

func resultNames(p *sql.Plan) []string {
	out := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		out[i] = c.Name
	}
	return out
}

// planNode is an operator in the form of Trino's plans. What is not told is empty.
type planNode struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Descriptor map[string]string `json:"descriptor"`
	Outputs    []planOutput      `json:"outputs"`
	Details    []string          `json:"details"`
	Estimates  []string          `json:"estimates"`
	Children   []planNode        `json:"children"`
}

type planOutput struct {
	Symbol string `json:"symbol"`
	Type   string `json:"type"`
}

// nodeOf is the plan from the operator on that gives the result.
func nodeOf(p *sql.Plan) planNode {
	next := 0
	var node func(o sql.Operator) planNode
	node = func(o sql.Operator) planNode {
		n := planNode{ID: strconv.Itoa(next), Name: o.Name, Descriptor: map[string]string{}, Outputs: []planOutput{}, Details: []string{}, Estimates: []string{},
			Children: []planNode{}}
		next++
		for _, c := range o.Children {
			n.Children = append(n.Children, node(c))
		}
		return n
	}
	out := node(p.Root)
	if len(p.Columns) > 0 {
		out.Descriptor["columnNames"] = "[" + strings.Join(resultNames(p), ", ") + "]"
	}
	for _, c := range p.Columns {
		kind := "unknown"
		if c.Type != nil {
			kind = c.Type.String()
		}
		out.Outputs = append(out.Outputs, planOutput{c.Name, kind})
	}
	return out
}

// graph writes the plan for Graphviz.
func graph(p *sql.Plan, kind string) string {
	var nodes, edges strings.Builder
	var write func(n planNode)
	write = func(n planNode) {
		label := n.Name
		if c := n.Descriptor["columnNames"]; c != "" {
			label += c
		}
		fmt.Fprintf(&nodes, "    plannode_%s[label=%s];\n", n.ID, strconv.Quote(label))
		for _, c := range n.Children {
			write(c)
			fmt.Fprintf(&edges, "plannode_%s -> plannode_%s;\n", n.ID, c.ID)
		}
	}
	write(nodeOf(p))
	return "digraph " + strings.ToLower(kind) + "_plan {\n  subgraph cluster_0 {\n    label = \"SINGLE\"\n" + nodes.String() + "  }\n" + edges.String() + "}\n"
}
