package athena

import (
	"regexp"
	"strings"
	"testing"
)

// attack is one attempt to learn what is hidden: statements with ";;" between them, in which {t} is the orders, or calls. want is the answer as if
// the hidden rows and columns were not there; "!" and a part of the reason when it is refused.
type attack struct {
	sql  string
	do   func(*intruder) (string, error)
	want string
}

// TestAttacks has somebody of the owner's account, and somebody of another one that the orders were shared with, try every
// attack. One is lost when it has another answer than the table says, or when anything hidden shows in any answer.
func TestAttacks(t *testing.T) {
	local, cross, _ := vaultStage(t)
	for name, i := range map[string]*intruder{"local": local, "cross": cross} {
		t.Run(name, func(t *testing.T) {
			i.t = t
			for _, a := range attacks() {
				if a.do == nil {
					a.do = func(i *intruder) (got string, err error) {
						for _, text := range strings.Split(a.sql, ";;") {
							if got, err = i.ask(text); err != nil {
								break
							}
						}
						return got, err
					}
				}
				got, err := a.do(i)
				if err != nil {
					got = "!" + err.Error()
				}
				ok := got == a.want
				if reason, refused := strings.CutPrefix(a.want, "!"); refused {
					ok = err != nil && strings.Contains(got, reason) && !strings.Contains(got, "within the server")
				}
				told := ids.ReplaceAllString(got, "") // an id of a query may have a mark's digits by chance
				for _, m := range marks {
					ok = ok && !strings.Contains(told, m)
				}
				if !ok {
					t.Errorf("%s\n got %q\nwant %q", a.sql, got, a.want)
				}
			}
		})
	}
	if n := len(attacks()); n < 100 {
		t.Errorf("only %d attacks", n)
	}
}

// ids matches what names a query.
var ids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

const (
	whole     = "11|DE|10.5|1|eu\n13|DE|1.5|3|eu"
	noColumn  = "!cannot be resolved"
	noTable   = "!does not exist"
	noSyntax  = "!mismatched input"
	noFunc    = "!not registered"
	forbidden = "!Insufficient Lake Formation permission(s)"
	denied    = "!Access"
)

func attacks() []attack {
	var out []attack
	for _, list := range [][][2]string{rowAttacks, errorAttacks, columnAttacks, engineAttacks, launderAttacks, metadataAttacks} {
		for _, a := range list {
			out = append(out, attack{sql: a[0], want: a[1]})
		}
	}
	return append(out, callAttacks...)
}

// rowAttacks ask for hidden rows in every way.
var rowAttacks = [][2]string{
	{"SELECT * FROM {t} ORDER BY id", whole},
	{"SELECT count(*) FROM {t}", "2"},
	{"SELECT count(*) FROM {t} WHERE country <> 'DE'", "0"},
	{"SELECT count(*) FROM {t} WHERE region <> 'eu'", "0"},
	{"SELECT count(*) FROM {t} WHERE true OR country = 'FR'", "2"},
	{"SELECT count(*) FROM {t} WHERE NOT (country = 'DE') OR region IN ('us', 'jp') OR id > 0", "2"},
	{"SELECT max(id), min(amount), sum(amount) FROM {t}", "13|1.5|12.0"},
	{"SELECT (SELECT max(id) FROM {t})", "13"},
	{"SELECT x FROM (VALUES 2, 4, 11, 13) v(x) WHERE EXISTS (SELECT 1 FROM {t} WHERE id % 9000 = x) ORDER BY 1", "11\n13"},
	{"SELECT x FROM (VALUES 2, 11) v(x) WHERE x + 9000 IN (SELECT id FROM {t}) OR x IN (SELECT id FROM {t})", "11"},
	{"SELECT count(*) FROM (VALUES 2, 4) v(x) WHERE x + 9000 NOT IN (SELECT id FROM {t})", "2"},
	{"WITH s AS (SELECT * FROM {t}), r AS (SELECT * FROM s WHERE country = 'FR') SELECT count(*) FROM r", "0"},
	{"SELECT count(*) FROM {t} a CROSS JOIN {t} b", "4"},
	{"SELECT count(*) FROM {t} a FULL JOIN {t} b ON a.id <> b.id", "2"},
	{"SELECT count(a.id) FROM (VALUES 'FR', 'US', 'DE') v(c) LEFT JOIN {t} a ON a.country = c", "2"},
	{"SELECT count(*) FROM {t} a RIGHT JOIN (VALUES 9000) v(x) ON a.id > x WHERE a.id IS NOT NULL", "0"},
	{"SELECT id, lag(id) OVER (ORDER BY id), lead(id, 2) OVER (ORDER BY id) FROM {t} ORDER BY 1", "11|~|~\n13|11|~"},
	{"SELECT rank() OVER (ORDER BY amount DESC), id FROM {t} ORDER BY 1", "1|11\n2|13"},
	{"SELECT array_agg(id ORDER BY id), approx_distinct(id), histogram(country) FROM {t}", "[11, 13]|2|{DE=2}"},
	{"SELECT approx_percentile(id, 1.0), max_by(note, id), arbitrary(country) FROM {t}", "13|3|DE"},
	{"SELECT count(*) FROM {t} TABLESAMPLE BERNOULLI (100)", "2"},
	{"SELECT count(*) FROM {t} TABLESAMPLE SYSTEM (100)", "2"},
	{"SELECT id FROM {t} ORDER BY id DESC OFFSET 2 LIMIT 5", ""},
	{"SELECT count(*) FROM (SELECT id FROM {t} LIMIT 1000)", "2"},
	{"SELECT id FROM {t} UNION SELECT id FROM {t} WHERE country = 'FR' ORDER BY 1", "11\n13"},
	{"SELECT id FROM (VALUES 11, 13) v(id) EXCEPT SELECT id FROM {t}", ""},
	{"SELECT country, count(*) FROM {t} GROUP BY ROLLUP (country) ORDER BY 2, 1", "DE|2\n~|2"},
	{"SELECT region, count(*) FROM {t} GROUP BY GROUPING SETS ((region), ()) ORDER BY 1", "eu|2\n~|2"},
	{"SELECT DISTINCT region FROM {t}", "eu"},
	{"SELECT count(*) FILTER (WHERE country <> 'DE') FROM {t}", "0"},
	{"SELECT id FROM {t} t CROSS JOIN LATERAL (SELECT max(id) AS m FROM {t} u WHERE u.id > t.id) ORDER BY 1", "11\n13"},
	{"SELECT count(*) FROM {t} WHERE (SELECT count(*) FROM {t} WHERE country = 'FR') > 0", "0"},
}

// errorAttacks fail when a hidden row is looked at, and only then.
var errorAttacks = [][2]string{
	{"SELECT count(*) FROM {t} WHERE 1 / amount > -5", "2"},
	{"SELECT count(*) FROM {t} WHERE 1 / CAST(amount AS integer) > -5", "2"},
	{"SELECT sum(CAST(note AS integer)) FROM {t}", "4"},
	{"SELECT count(*) FROM {t} WHERE CAST(note AS integer) > 0 AND country = 'FR'", "0"},
	{"SELECT count(*) FROM {t} WHERE CAST(id AS tinyint) > 0", "2"},
	{"SELECT count(*) FROM {t} WHERE CAST(CASE WHEN country = 'FR' THEN 'x' ELSE '1' END AS integer) = 1", "2"},
	{"SELECT count(*) FROM {t} WHERE ARRAY[1][CASE WHEN country = 'FR' THEN 9 ELSE 1 END] = 1", "2"},
	{"SELECT count(*) FROM {t} WHERE date_parse(if(region = 'us', 'x', '2020'), '%Y') IS NOT NULL", "2"},
	{"SELECT count(*) FROM {t} WHERE regexp_like('a', if(country = 'US', '(', 'a'))", "2"},
	{"SELECT id FROM {t} ORDER BY 1 / (CASE country WHEN 'DE' THEN 1 ELSE 0 END), id", "11\n13"},
	{"SELECT (SELECT id FROM {t} WHERE country = 'FR')", "~"},
	{"SELECT count(*) FROM {t} a JOIN {t} b ON 1 / (a.id - b.id + 9000 - 8993) <> 7", "4"},
	{"SELECT count(TRY(CAST(note AS integer))), count(*) FROM {t}", "2|2"},
	{"SELECT count(*) FROM {t} WHERE json_parse(note) IS NOT NULL", "2"},
	{"SELECT sum(CAST(note AS integer)) OVER (ORDER BY id) FROM {t} ORDER BY 1", "1\n4"},
	{"SELECT CAST(note AS date) FROM {t} WHERE country = 'FR'", ""},
	{"SELECT date_diff('day', date '2020-01-01', date '2020-01-01' + CAST(id AS integer) * interval '1' day) FROM {t} ORDER BY 1", "11\n13"},
}

// columnAttacks ask for hidden columns.
var columnAttacks = [][2]string{
	{"SELECT card FROM {t}", noColumn},
	{"SELECT o.card FROM {t} AS o", noColumn},
	{`SELECT "CARD" FROM {t}`, noColumn},
	{"SELECT id FROM {t} WHERE card LIKE '4%'", noColumn},
	{"SELECT id FROM {t} ORDER BY card", noColumn},
	{"SELECT count(card) FROM {t}", noColumn},
	{"SELECT id FROM {t} GROUP BY id, card", noColumn},
	{"SELECT id FROM {t} GROUP BY id HAVING max(card) > '1'", noColumn},
	{"SELECT a.id FROM {t} a JOIN {t} b ON a.card = b.card", noColumn},
	{"SELECT a.id FROM {t} a JOIN {t} b USING (card)", "!missing from a side"},
	{"SELECT sum(id) OVER (PARTITION BY card) FROM {t}", noColumn},
	{"SELECT transform(ARRAY[1], x -> card) FROM {t}", noColumn},
	{"SELECT id FROM {t} WHERE EXISTS (SELECT 1 FROM (VALUES 1) v(x) WHERE card IS NOT NULL)", noColumn},
	{"SELECT * FROM {t} AS o(a, b, c, d, e, f)", "!Column alias list has 6 entries"},
	{"SELECT o FROM {t} o", noColumn},
	{`SELECT "$path" FROM {t}`, noColumn},
	{`SELECT "$file_size", "$file_modified_time" FROM {t}`, noColumn},
	{"SELECT rowid FROM {t}", noColumn},
	{"SELECT filename FROM {t}", noColumn},
	{"SELECT COLUMNS('c.*') FROM {t}", "!"},
	{"SELECT * EXCLUDE (id) FROM {t}", "!"},
	{"EXPLAIN SELECT card FROM {t}", noColumn},
	{"EXPLAIN ANALYZE SELECT card FROM {t}", noColumn},
}

// engineAttacks reach for the engine below and for files.
var engineAttacks = [][2]string{
	{"SELECT stats(id) FROM {t}", noFunc},
	{"SELECT getvariable('x') FROM {t}", noFunc},
	{"SELECT current_setting('temp_directory')", noFunc},
	{"SELECT read_text('{data}')", noFunc},
	{"SELECT query('SELECT 1')", noFunc},
	{"SELECT getenv('HOME')", noFunc},
	{"SELECT json_execute_serialized_sql('x')", noFunc},
	{"SELECT main.stats(id) FROM {t}", "!"},
	{"SELECT * FROM query_table('t0')", "!"},
	{"SELECT * FROM TABLE(query_table('t0'))", "!"},
	{"SELECT * FROM query('SELECT * FROM t0')", "!"},
	{"SELECT * FROM 's3://vault/orders/region=eu/a.csv'", noSyntax},
	{`SELECT * FROM "s3://vault/orders/region=eu/a.csv"`, noTable},
	{"SELECT * FROM read_csv('{data}/s3/objects/vault/orders/region=eu/a.csv')", "!"},
	{"SELECT * FROM read_parquet('s3://vault/*')", "!"},
	{"SELECT * FROM glob('{data}/**')", "!"},
	{"SELECT * FROM duckdb_tables()", "!"},
	{"SELECT * FROM pragma_table_info('t0')", "!"},
	{"SELECT * FROM t0", noTable},
	{"SELECT * FROM temp.main.t0", noTable},
	{"SELECT * FROM sqlite_master", noTable},
	{"SELECT * FROM system.runtime.queries", noTable},
	{"SET threads = 9", "!not supported"},
	{"PRAGMA database_list", noSyntax},
	{"ATTACH '{data}/atelier.db'", noSyntax},
	{"COPY (SELECT * FROM {t}) TO 's3://{own}/copy'", noSyntax},
	{"INSTALL httpfs", noSyntax},
	{"LOAD httpfs", "!not supported"},
	{"CREATE MACRO m() AS (SELECT 1)", noSyntax},
	{"CREATE FUNCTION m() RETURNS bigint RETURN 1", noSyntax},
	{"CREATE SECRET (TYPE s3)", noSyntax},
	{"CALL system.sync_partition_metadata('secret', 'orders', 'FULL')", "!not supported"},
	{"USE secret", "!not supported"},
	{"SELECT 1; SELECT * FROM {t}", noSyntax},
	{"SHOW STATS FOR {t}", noSyntax},
	{"ANALYZE {t}", "!not supported"},
	{"GRANT SELECT ON {t} TO ROLE x", "!not supported"},
}

// launderAttacks have others, or other tables and places, read what the intruder may not.
var launderAttacks = [][2]string{
	{"CREATE TABLE {own}.copy WITH (format = 'JSON', external_location = 's3://{own}/copy/') AS SELECT * FROM {t}", ""},
	{"SELECT * FROM {own}.copy ORDER BY id", whole},
	{"CREATE TABLE {own}.cards WITH (external_location = 's3://{own}/cards/') AS SELECT id, card FROM {t}", noColumn},
	{"CREATE TABLE {own}.thief WITH (external_location = 's3://vault/thief/') AS SELECT 1 AS a", "!"},
	{"INSERT INTO {own}.copy SELECT * FROM {t}", ""},
	{"SELECT count(*), max(id) FROM {own}.copy", "4|13"},
	{"INSERT INTO {own}.copy SELECT id, country, amount, card, region FROM {t}", noColumn},
	{"INSERT INTO {t} SELECT 1, 'DE', 1, 'x', 'eu'", "!Insert"},
	{"UNLOAD (SELECT card FROM {t}) TO 's3://{own}/unloaded/' WITH (format = 'JSON')", noColumn},
	{"UNLOAD (SELECT * FROM {t}) TO 's3://vault/unloaded/' WITH (format = 'JSON')", denied},
	{"CREATE VIEW {own}.mine AS SELECT * FROM {t}", ""},
	{"SELECT * FROM {own}.mine ORDER BY id", whole},
	{"CREATE VIEW {own}.cardview AS SELECT card FROM {t}", noColumn},
	{"SELECT * FROM {view} ORDER BY id", whole},
	{"SELECT card FROM {view}", "!"},
	{"CREATE TABLE {own}.fromview WITH (external_location = 's3://{own}/fromview/') AS SELECT card FROM {view}", "!"},
	{"SELECT * FROM secret.closed", "!"},
	{"CREATE EXTERNAL TABLE {own}.steal (line string) LOCATION 's3://vault/orders/';; SELECT * FROM {own}.steal", "!"},
	{"CREATE EXTERNAL TABLE {own}.parts (line string) PARTITIONED BY (p string) LOCATION 's3://{own}/parts/'", ""},
	{"ALTER TABLE {own}.parts ADD PARTITION (p = 'x') LOCATION 's3://vault/orders/region=us/';; SELECT * FROM {own}.parts", "!"},
	{"CREATE EXTERNAL TABLE {own}.moved (line string) LOCATION 's3://{own}/moved/'", ""},
	{"ALTER TABLE {own}.moved SET LOCATION 's3://vault/orders/';; SELECT * FROM {own}.moved", "!"},
	{`CREATE EXTERNAL TABLE {own}.projected (line string) PARTITIONED BY (p string) LOCATION 's3://{own}/projected/' TBLPROPERTIES (
		'projection.enabled'='true', 'projection.p.type'='enum', 'projection.p.values'='us', 'storage.location.template'='s3://vault/orders/region=${p}/')`, ""},
	{"SELECT * FROM {own}.projected", denied},
	{`CREATE EXTERNAL TABLE {own}.up (line string) LOCATION 's3://{own}/../vault/orders/region=us/'`, ""},
	{"SELECT * FROM {own}.up", ""},
	{`CREATE EXTERNAL TABLE {own}.local (line string) LOCATION 'file://{data}/'`, "!LOCATION is not a path of S3"},
	{`CREATE EXTERNAL TABLE {own}.links (line string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' STORED AS
		INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
		LOCATION 's3://{own}/links/'`, ""},
	{"SELECT * FROM {own}.links", ""},
	{"ALTER TABLE {t} ADD COLUMNS (card string)", "!"},
	{"ALTER TABLE {t} REPLACE COLUMNS (card string)", "!"},
	{"ALTER TABLE {t} SET LOCATION 's3://{own}/'", "!"},
	{"ALTER TABLE {t} DROP PARTITION (region = 'us')", "!"},
	{"DROP TABLE secret.orders", "!"},
	{"PREPARE p1 FROM SELECT count(*) FROM {t} WHERE country = ?", ""},
	{"EXECUTE p1 USING 'FR'", "0"},
	{"EXECUTE p1 USING (SELECT 'DE')", "!is not a constant"},
	{"EXECUTE p1 USING 'DE' OR true", "!is not a constant"},
	{"EXECUTE p1 USING 'DE'", "2"},
	{"PREPARE p2 FROM SELECT card FROM {t}", ""},
	{"EXECUTE p2", noColumn},
}

// metadataAttacks ask the catalog.
var metadataAttacks = [][2]string{
	{"SELECT column_name FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position", "id\ncountry\namount\nnote\nregion"},
	{"SELECT count(*) FROM information_schema.columns WHERE column_name = 'card' AND table_name = 'orders'", "0"},
	{"SELECT count(*) FROM information_schema.tables WHERE table_name = 'closed'", "0"},
	{"SELECT count(*) FROM information_schema.columns WHERE table_name = 'closed'", "0"},
	{`SELECT region FROM "secret"."orders$partitions" ORDER BY 1`, noTable},
	{"SHOW COLUMNS IN {t}", "id\ncountry\namount\nnote\nregion"},
	{"DESCRIBE {t} card", "!cannot find field card"},
	{"DESCRIBE secret.closed", "!"},
	{"SHOW TBLPROPERTIES secret.closed", "!"},
	{"SHOW CREATE TABLE secret.closed", "!"},
	{"SHOW PARTITIONS secret.closed", "!"},
	{"MSCK REPAIR TABLE {t}", "!"},
}
