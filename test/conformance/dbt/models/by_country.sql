{{ config(materialized='table', format='parquet', partitioned_by=['country']) }}
select count(*) as n, sum(amount) as total, country
from {{ ref('orders') }}
group by country
