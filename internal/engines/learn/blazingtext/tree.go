package blazingtext

import "math"

// tree is the Huffman tree of labels by which a model with hierarchical softmax decides: of each inner node the two nodes
// below it. Leaves are numbered first.
type tree struct{ left, right []int32 }

// newTree builds it as fastText does; counts must fall.
func newTree(counts []int64) *tree {
	n := len(counts)
	t := &tree{left: make([]int32, n-1), right: make([]int32, n-1)}
	weight := make([]int64, 2*n-1)
	for i := range weight {
		weight[i] = 1e15
	}
	copy(weight, counts)
	leaf, node := n-1, n
	least := func(made int) int32 {
		if leaf >= 0 && (node >= made || weight[leaf] < weight[node]) {
			leaf--
			return int32(leaf + 1)
		}
		node++
		return int32(node - 1)
	}
	for i := range n - 1 {
		t.left[i] = least(n + i)
		t.right[i] = least(n + i)
		weight[n+i] = weight[t.left[i]] + weight[t.right[i]]
	}
	return t
}

// scores multiplies the decisions on the way to each leaf. A node is above those with smaller numbers, so no recursion is needed.
func (t *tree) scores(output, hidden, scores []float32) {
	n := len(scores)
	log := make([]float64, 2*n-1)
	for i := n - 2; i >= 0; i-- {
		p := float64(sigmoid(dot(output[i*len(hidden):], hidden)))
		log[t.left[i]] = log[n+i] + math.Log(1-p+1e-5)
		log[t.right[i]] = log[n+i] + math.Log(p+1e-5)
	}
	for i := range scores {
		scores[i] = float32(math.Exp(log[i]))
	}
}
