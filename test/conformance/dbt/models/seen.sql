{{ config(materialized='incremental', incremental_strategy='append') }}
select id, country, amount, day
from {{ ref('orders') }}
where day = date '{{ var("day") }}'
