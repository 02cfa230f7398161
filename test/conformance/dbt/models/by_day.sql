{{ config(materialized='incremental', incremental_strategy='insert_overwrite', partitioned_by=['day']) }}
select country, sum(amount) as total, cast(day as varchar) as day
from {{ ref('orders') }}
{% if is_incremental() %}
where day >= date '{{ var("day") }}'
{% endif %}
group by country, day
