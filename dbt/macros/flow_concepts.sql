{# Concepts of company facts that add up over time, as a list for IN; the others are amounts of a day or averages. #}
{% macro flow_concepts() -%}
    (
        'net_income_common', 'revenue', 'operating_income', 'depreciation_amortization', 'interest_expense_net',
        'interest_expense', 'dividends_paid'
    )
{%- endmacro %}
