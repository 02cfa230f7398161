package template

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"strconv"
)

var (
	errSelect    = &Error{"Template error: Fn::Select requires a list argument with two elements: an integer index and a list"}
	errFindInMap = &Error{"Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"}
	errIf        = &Error{"Template error: Fn::If requires a list argument with three elements"}
	errCidr      = &Error{"Template error: every Fn::Cidr object requires three parameters, the IP block, the count (1 to 256) and the number of bits of each CIDR"}
)

func (e *evaluator) pick(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 2 {
		return nil, errSelect
	}
	at, known, err := e.word(list[0], true, errSelect)
	if err != nil {
		return nil, err
	}
	index, bad := strconv.Atoi(at)
	if known && bad != nil {
		return nil, errSelect
	}
	v, err := e.value(list[1])
	if err != nil {
		return nil, err
	}
	if v == (Unknown{}) {
		return v, nil
	}
	items, ok := v.([]any)
	if !ok {
		return nil, errSelect
	}
	if !known {
		return Unknown{}, nil
	}
	if index < 0 || index >= len(items) {
		return e.late(errorf("Template error: Fn::Select  cannot select nonexistent value at index %s", at))
	}
	return items[index], nil
}

func (e *evaluator) branch(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 3 {
		return nil, errIf
	}
	name, ok := list[0].(string)
	if !ok {
		return nil, errorf("Template error: Fn::If requires a list argument with the first element being a condition")
	}
	if _, ok := e.m.conditions[name]; !ok {
		return nil, errorf("Template error: unresolved condition dependency %s in Fn::If", name)
	}
	if e.static {
		for _, b := range list[1:] {
			if _, err := e.value(b); err != nil {
				return nil, err
			}
		}
		return Unknown{}, nil
	}
	holds, err := e.decide(name)
	if err != nil {
		return nil, err
	}
	if holds {
		return e.value(list[1])
	}
	return e.value(list[2])
}

func (e *evaluator) findInMap(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) < 3 || len(list) > 4 {
		return nil, errFindInMap
	}
	var otherwise any
	hasDefault := false
	if len(list) == 4 {
		m, _ := list[3].(map[string]any)
		if otherwise, hasDefault = m["DefaultValue"]; !hasDefault || len(m) != 1 {
			return nil, errFindInMap
		}
	}
	var keys [3]string
	for i := range keys {
		k, known, err := e.word(list[i], true, errFindInMap)
		if err != nil {
			return nil, err
		}
		if !known {
			if e.static && hasDefault {
				_, err = e.value(otherwise)
			}
			return Unknown{}, err
		}
		keys[i] = k
	}
	mapping, ok := e.m.mappings[keys[0]].(map[string]any)
	if ok {
		if row, ok := mapping[keys[1]].(map[string]any); ok {
			if v, ok := row[keys[2]]; ok {
				return v, nil
			}
		}
	}
	switch {
	case hasDefault:
		return e.value(otherwise)
	case !ok:
		return e.late(errorf("Template error: Mapping named '%s' is not present in the 'Mappings' section of template.", keys[0]))
	}
	return e.late(errorf("Template error: Unable to get mapping for %s::%s::%s", keys[0], keys[1], keys[2]))
}

func (e *evaluator) zones(arg any) (any, error) {
	if e.pure != nil {
		return nil, e.pure
	}
	region, known, err := e.word(arg, true, errorf("Template error: every Fn::GetAZs object must have a String-typed value."))
	if err != nil || !known || e.static {
		return Unknown{}, err
	}
	if region == "" {
		region = e.env.Region
	}
	names := []string{region + "a", region + "b", region + "c"}
	if e.env.Zones != nil {
		names = e.env.Zones(region)
	}
	out := make([]any, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out, nil
}

func (e *evaluator) length(arg any) (any, error) {
	wrong := errorf("%sFn::Length layout is incorrect", extensionsFailed)
	switch arg.(type) {
	case []any, map[string]any:
	default:
		return nil, wrong
	}
	v, err := e.value(arg)
	if err != nil || v == (Unknown{}) {
		return Unknown{}, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, wrong
	}
	return json.Number(strconv.Itoa(len(list))), nil
}

// cidr cuts a block into as many as are asked for, each of 2^bits addresses.
func (e *evaluator) cidr(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 3 {
		return nil, errCidr
	}
	var args [3]string
	all := true
	for i := range args {
		s, known, err := e.word(list[i], true, errCidr)
		if err != nil {
			return nil, err
		}
		args[i], all = s, all && known
	}
	if !all {
		return Unknown{}, nil
	}
	block, err := netip.ParsePrefix(args[0])
	count, cerr := strconv.Atoi(args[1])
	bits, berr := strconv.Atoi(args[2])
	if err != nil || cerr != nil || berr != nil || count < 1 || count > 256 || bits < 1 {
		return e.late(errCidr)
	}
	width := block.Addr().BitLen()
	if free := width - bits - block.Bits(); bits > width || free < 0 || free < 9 && count > 1<<free {
		return e.late(errorf("Template error: Fn::Cidr cannot cut %d blocks of %d bits from %s", count, bits, args[0]))
	}
	at := new(big.Int).SetBytes(block.Masked().Addr().AsSlice())
	step := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	out := make([]any, count)
	for i := range out {
		addr, _ := netip.AddrFromSlice(at.FillBytes(make([]byte, width/8)))
		out[i] = netip.PrefixFrom(addr, width-bits).String()
		at.Add(at, step)
	}
	return out, e.spend(count * 16)
}
