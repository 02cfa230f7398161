{{ config(materialized='view') }}
select o.id, o.amount, c.total
from {{ ref('orders') }} o
join {{ ref('by_country') }} c on o.country = c.country
where o.amount > 5
