package codec

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxShown bounds how much of a wrong value is sent back, in bytes.
const maxShown = 1024

// show writes a value as the validation messages do. Structures are not echoed: they may hold sensitive members.
func show(v reflect.Value) string {
	var b strings.Builder
	showTo(&b, v)
	text := b.String()
	if len(text) <= maxShown {
		return text
	}
	cut := maxShown
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

func showTo(b *strings.Builder, v reflect.Value) {
	if b.Len() > maxShown {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			showTo(b, v.Elem())
		}
	case reflect.String:
		b.WriteString(v.String())
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Float32, reflect.Float64:
		b.Write(appendFloat(nil, v))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b.WriteString("java.nio.HeapByteBuffer[lim=" + strconv.Itoa(v.Len()) + "]")
			return
		}
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			showTo(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Map:
		b.WriteByte('{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(k.String() + "=")
			showTo(b, v.MapIndex(k))
		}
		b.WriteByte('}')
	case reflect.Struct:
		b.WriteString(v.Type().Name() + "(...)")
	}
}
